#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Which kinds of arguments and results the tests hit: operation x flags x size class x errno.

usage: partitions.py [--never] DIRECTORY...

Reads all replays (*.replay, also compressed) below the directories, which tests/run --keep leaves. For each
operation: how often it came, each flag that its arguments can have, each class of sizes and offsets, and
each error that its kinds of arguments can give. What is possible follows from src/ops/*.def and flags.c, less what
no kernel takes. Operations that no replay has are counted in the captures (*.capture, capture): that they worked,
and that they failed. With --never only what no test hits is printed.
"""
import argparse
import collections
import errno
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
         (1 << 31, "<=2G"), (float("inf"), ">2G"))
# Errors that an argument of that kind can give. Of a path that exists or not, of a descriptor that is not open.
# Of ENAMETOOLONG no replay has any: what is too long for its tree is left out and counted.
BY_KIND = {
    "FD": ["EBADF"], "FD2": ["EBADF"], "DIRFD": ["EBADF", "ENOTDIR"], "DIRFD2": ["EBADF", "ENOTDIR"],
    "PATH": ["ENOENT", "ENOTDIR", "ELOOP", "EACCES", "EFAULT"],
    "PATH2": ["ENOENT", "ENOTDIR", "ELOOP", "EFAULT"],
    "OFLAGS": ["EEXIST", "EISDIR", "EINVAL"], "ATFLAGS": ["EINVAL"], "RENFLAGS": ["EINVAL", "EEXIST"],
    "RBUF": ["EFAULT"], "WBUF": ["EFAULT"], "RIOV": ["EINVAL", "EFAULT"], "WIOV": ["EINVAL", "EFAULT"],
    "OFF": ["EINVAL"], "XNAME": ["ENODATA", "EFAULT", "ERANGE"], "FALLOCMODE": ["EINVAL", "EOPNOTSUPP"],
    "RWF": ["EOPNOTSUPP"], "LOCKOP": ["EAGAIN", "EINVAL"], "FCMD": ["EINVAL", "EAGAIN"], "WHENCE": ["EINVAL"],
    "XFLAGS": ["EEXIST", "ENODATA", "EINVAL"], "OFFIN": ["EFAULT", "EINVAL"], "OFFOUT": ["EFAULT", "EINVAL"],
}


# What no file has, or means nothing there; flags that are not named here are taken by all their operations.
OF_FILES = {
    "AT_SYMLINK_NOFOLLOW": "newfstatat statx faccessat2 fchmodat2 fchownat utimensat execveat uring_statx file_getattr "
                           "file_setattr setxattrat getxattrat listxattrat removexattrat",
    "AT_REMOVEDIR": "unlinkat uring_unlinkat", "AT_EACCESS": "faccessat2",
    "AT_SYMLINK_FOLLOW": "linkat uring_linkat name_to_handle_at",
    "AT_NO_AUTOMOUNT": "newfstatat statx uring_statx", "AT_STATX_FORCE_SYNC": "statx uring_statx",
    "AT_STATX_DONT_SYNC": "statx uring_statx",
    "AT_EMPTY_PATH": "newfstatat statx faccessat2 name_to_handle_at linkat fchmodat2 fchownat utimensat execveat "
                     "file_getattr file_setattr setxattrat getxattrat listxattrat removexattrat uring_statx uring_linkat",
    "SPLICE_F_FD_IN_FIXED": "uring_splice",
    **{f"SPLICE_F_{name}": "splice uring_splice" for name in ("MOVE", "NONBLOCK", "MORE", "GIFT")},
    "IOSQE_BUFFER_SELECT": "uring_read uring_readv",
    **{name: "" for name in ("PROT_GROWSDOWN", "PROT_GROWSUP", "MAP_ANONYMOUS", "MAP_GROWSDOWN", "MAP_DENYWRITE",
                             "MAP_EXECUTABLE", "MAP_NONBLOCK", "MAP_STACK", "MAP_HUGETLB", "MAP_SYNC")},
}
NO_FLAGS = {"getxattrat": "XATFLAGS"}  # it must be 0
IOCB_COMMANDS = {0: "PREAD", 1: "PWRITE", 2: "FSYNC", 3: "FDSYNC", 7: "PREADV", 8: "PWRITEV"}


def flag_names():
    text = (SOURCE / "src/ops/flags.c").read_text(encoding="utf-8")
    arrays = {name: re.findall(r'(?:BIT|ENUM|FIELD)\((\w+)|\{"(\w+)"', body) for name, body in
              re.findall(r"static const struct flag (\w+)\[\] = \{(.*?)\};", text, re.S)}
    names = {kind: [a or b for a, b in arrays[array]] for kind, array in
             re.findall(r"\[A_(\w+)\] = (\w+)", text) if array in arrays}
    commands = (SOURCE / "src/ops/ioctl.def").read_text(encoding="utf-8")
    return names | {"ICMD": re.findall(r"^IOCTL\((\w+),", commands, re.M), "IOCBS": list(IOCB_COMMANDS.values())}


def flags_of(row, kind, names):
    """Those of the names that this operation can have."""
    if row.name == "dup3":
        return ["O_CLOEXEC"]
    if row.name == "uring_fixed_fd_install" and kind == "SQE":
        return ["IOSQE_FIXED_FILE"]
    return [] if NO_FLAGS.get(row.name) == kind else [n for n in names if row.name in OF_FILES.get(n, row.name).split()]


def in_field(kind, text):
    """The names of flags in the text of an argument."""
    if kind == "SQE":
        text = text.split(":")[2] if text.count(":") > 1 else ""
    elif kind == "IOCBS":
        opcodes = [t.split(":")[1] for t in text.split(",") if t.count(":") > 1]
        return [IOCB_COMMANDS[int(o)] for o in opcodes if o.isdigit() and int(o) in IOCB_COMMANDS]
    return text.split("+")


class Plain:
    """A row that no replay has."""

    def __init__(self, name):
        self.name, self.flags, self.args = name, "", []


def rows_of_captures(known):
    table = (SOURCE / "src/ops/ops.def").read_text(encoding="utf-8")
    names = re.findall(r"^OP\((\w+),(?!.*OPF_(?:STATE|LAYER))", table, re.M)
    return {name: Plain(name) for name in names if name not in known}


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
        self.plain = rows_of_captures(self.rows)
        self.flags = flag_names()
        self.seen = {name: collections.Counter() for name in self.rows | self.plain}

    def read(self, path):
        for line in lines(path):
            m = re.fullmatch(r"(\d+\+\d+\|.*)\|(\w+)@\d+\|", line)
            if m and m[2] in self.rows:
                self.take(self.rows[m[2]], m[1].split("|")[4:])

    def read_capture(self, path):
        for line in lines(path):
            m = re.search(r";:,o=(\w+);:,", line)
            if not m or m[1] not in self.plain:
                continue
            result = re.search(r";:,s=-(\d+);:,", line)
            self.seen[m[1]]["calls"] += 1
            self.seen[m[1]]["error", "works"] += not result
            if result:
                self.seen[m[1]]["error", "fails"] += 1
                self.seen[m[1]]["error", errno.errorcode.get(int(result[1]), result[1])] += 1

    def take(self, row, fields):
        seen = self.seen[row.name]
        seen["calls"] += 1
        for (kind, form), text in zip(row.args, fields):
            if kind in self.flags:
                seen.update(("flag", f) for f in in_field(kind, text))
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
        if isinstance(row, Plain):
            return [*found, ("error", "fails")]
        for kind, form in row.args:
            found += [("flag", f) for f in flags_of(row, kind, self.flags.get(kind, []))]
            if kind == "LEN":
                found += [("size", f"len {name}") for _, name in SIZES]
            elif form == "FORM_IOV":
                found += [("size", f"vector {name}") for _, name in SIZES]
            elif kind == "OFF":
                found += [("size", f"off {name}") for name in ["<0"] + [name for _, name in SIZES]]
            if row.name != "dup3":  # its flags open nothing
                found += [("error", e) for e in BY_KIND.get(kind, [])]
        return list(dict.fromkeys(found))

    def show(self, never):
        hit = total = 0
        for name, row in (self.rows | self.plain).items():
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
    captures = sorted({f for d in args.directory for f in d.rglob("*capture*")
                       if f.is_file() and re.fullmatch(r"(.*\.)?capture(\.zst)?", f.name)})
    for path in captures:
        table.read_capture(path)
    table.show(args.never)
    print(f"{len(table.rows | table.plain)} rows, {len(files)} replays, {len(captures)} captures")
    return 0 if files else 1


if __name__ == "__main__":
    sys.exit(main())
