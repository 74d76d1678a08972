#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Which kinds of arguments and results the tests hit: operation x flags x size class x errno.

usage: partitions.py [--never] DIRECTORY...

Reads all replays (*.replay, also compressed) below the directories, which tests/run --keep leaves. For each
operation: how often it came, each flag that its arguments can have, each class of sizes and offsets, and
each error that its kinds of arguments can give. What is possible follows from src/ops/*.def and flags.c;
with --never only what no test hits is printed.
"""
import argparse
import collections
import importlib.util
import pathlib
import re
import subprocess
import sys

SOURCE = pathlib.Path(__file__).resolve().parent.parent
spec = importlib.util.spec_from_file_location("hostile", SOURCE / "tests/hostile/generate.py")
hostile = importlib.util.module_from_spec(spec)
sys.dont_write_bytecode = True
spec.loader.exec_module(hostile)

SIZES = ((0, "0"), (1, "1"), (511, "<512"), (4095, "<4K"), (4096, "4K"), (65535, "<64K"), (1 << 20, "<=1M"),
         (1 << 31, "<=2G"), (1 << 64, ">2G"))
# Errors that an argument of that kind can give. Of a path that exists or not, of a descriptor that is not open.
BY_KIND = {
    "FD": ["EBADF"], "FD2": ["EBADF"], "DIRFD": ["EBADF", "ENOTDIR"], "DIRFD2": ["EBADF", "ENOTDIR"],
    "PATH": ["ENOENT", "ENOTDIR", "ELOOP", "ENAMETOOLONG", "EACCES", "EFAULT"],
    "PATH2": ["ENOENT", "ENOTDIR", "ELOOP", "ENAMETOOLONG", "EFAULT"],
    "OFLAGS": ["EEXIST", "EISDIR", "EINVAL"], "ATFLAGS": ["EINVAL"], "RENFLAGS": ["EINVAL", "EEXIST"],
    "RBUF": ["EFAULT"], "WBUF": ["EFAULT"], "RIOV": ["EINVAL", "EFAULT"], "WIOV": ["EINVAL", "EFAULT"],
    "OFF": ["EINVAL"], "XNAME": ["ENODATA", "EFAULT", "ERANGE"], "FALLOCMODE": ["EINVAL", "EOPNOTSUPP"],
    "RWF": ["EOPNOTSUPP"], "LOCKOP": ["EAGAIN", "EINVAL"], "FCMD": ["EINVAL", "EAGAIN"], "WHENCE": ["EINVAL"],
    "XFLAGS": ["EEXIST", "ENODATA", "EINVAL"], "OFFIN": ["EFAULT", "EINVAL"], "OFFOUT": ["EFAULT", "EINVAL"],
}


def flag_names():
    text = (SOURCE / "src/ops/flags.c").read_text(encoding="utf-8")
    arrays = {name: re.findall(r'(?:BIT|ENUM|FIELD)\((\w+)|\{"(\w+)"', body) for name, body in
              re.findall(r"static const struct flag (\w+)\[\] = \{(.*?)\};", text, re.S)}
    return {kind: [a or b for a, b in arrays[array]] for kind, array in
            re.findall(r"\[A_(\w+)\] = (\w+)", text) if array in arrays}


def size_class(n):
    return "<0" if n < 0 else next(name for most, name in SIZES if n <= most)


def lines(path):
    data = path.read_bytes()
    if data[:4] == b"\x28\xb5\x2f\xfd":
        data = subprocess.run(["zstd", "-dc"], input=data, capture_output=True, check=False).stdout
    return data.decode("utf-8", "surrogateescape").partition("#INIT")[0].splitlines()


class Table:
    def __init__(self):
        self.rows = {r.name: r for r in hostile.table()}
        self.flags = flag_names()
        self.seen = {name: collections.Counter() for name in self.rows}

    def read(self, path):
        for line in lines(path):
            m = re.fullmatch(r"(\d+\+\d+\|.*)\|(\w+)@\d+\|", line)
            if m and m[2] in self.rows:
                self.take(self.rows[m[2]], m[1].split("|")[4:])

    def take(self, row, fields):
        seen = self.seen[row.name]
        seen["calls"] += 1
        for (kind, form), text in zip(row.args, fields):
            if kind in self.flags:
                seen.update(("flag", f) for f in text.split("+"))
            elif kind in ("LEN", "OFF") and re.fullmatch(r"-?\d+", text):
                seen["size", f"{kind.lower()} {size_class(int(text))}"] += 1
            elif form == "FORM_IOV":
                total = sum(int(a) * int(b or 1) for a, b in re.findall(r"(\d+)(?:x(\d+))?", text))
                seen["size", f"vector {size_class(total)}"] += 1
        result = fields[-1]
        seen["error", result[1:] if result.startswith("-E") else "works"] += 1

    def possible(self, row):
        """Every partition that a test could hit."""
        found = [("error", "works")]
        for kind, form in row.args:
            found += [("flag", f) for f in self.flags.get(kind, [])]
            if kind == "LEN":
                found += [("size", f"len {name}") for _, name in SIZES]
            elif form == "FORM_IOV":
                found += [("size", f"vector {name}") for _, name in SIZES]
            elif kind == "OFF":
                found += [("size", f"off {name}") for name in ["<0"] + [name for _, name in SIZES]]
            found += [("error", e) for e in BY_KIND.get(kind, [])]
        return list(dict.fromkeys(found))

    def show(self, never):
        hit = total = 0
        for name, row in self.rows.items():
            if "OPF_STATE" in row.flags:
                continue
            possible, seen = self.possible(row), self.seen[name]
            missing = [p for p in possible if not seen[p]]
            hit += len(possible) - len(missing)
            total += len(possible)
            if not never:
                print(f"{name}: {seen['calls']} calls")
                for what in ("flag", "size", "error"):
                    counts = [f"{key[1]} {n}" for key, n in seen.items() if key[0] == what]
                    if counts:
                        print(f"    {what}s: {', '.join(sorted(counts))}")
            for what in ("flag", "size", "error"):
                gone = [text for kind, text in missing if kind == what]
                if gone:
                    print(f"{name if never else '   '} never {what}s: {' '.join(g.replace(' ', '_') for g in gone)}")
        print(f"partitions: {hit} of {total} hit, {100 * hit / total:.1f} %")


def main():
    parser = argparse.ArgumentParser(usage=__doc__.split("\n\n")[1])
    parser.add_argument("--never", action="store_true")
    parser.add_argument("directory", type=pathlib.Path, nargs="+")
    args = parser.parse_args()
    table = Table()
    files = sorted({f for d in args.directory for f in d.rglob("*.replay*") if f.is_file()})
    for path in files:
        table.read(path)
    table.show(args.never)
    print(f"{len(files)} replays")
    return 0 if files else 1


if __name__ == "__main__":
    sys.exit(main())
