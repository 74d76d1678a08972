#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Where fuzzing begins: the examples of the documents, and what stands in lines.

usage: seeds.py DIRECTORY

Makes DIRECTORY/TARGET with one file for each example of docs/capture-format.md and docs/replay-format.md
and for each group of them, and DIRECTORY/words, a dictionary of the keys, operations, flags and marks.
"""
import pathlib
import re
import sys

SOURCE = pathlib.Path(__file__).resolve().parent.parent.parent


def examples(name):
    text = (SOURCE / f"docs/{name}-format.md").read_text(encoding="utf-8")
    for block in re.findall(rf"```{name}\n(.*?)```", text, re.S):
        block = re.sub(r"(?m)^#(\||END).*\n", "", block)
        yield from (line + "\n" for line in block.splitlines())
        yield block


def one_process(text):
    return re.sub(r"i=\d+:\d+", "i=1:1", text)


def write(directory, name, seeds):
    place = directory / name
    place.mkdir(parents=True, exist_ok=True)
    for n, seed in enumerate(seeds):
        (place / f"example-{n}").write_text(seed, encoding="utf-8")


def words():
    table = "".join((SOURCE / f"src/ops/{name}").read_text(encoding="utf-8")
                    for name in ("ops.def", "args.def", "flags.c"))
    found = set(re.findall(r"^OP\((\w+)", table, re.M)) | set(re.findall(r"\b[A-Z]+_[A-Z_]+\b", table))
    found |= {f"{key}=" for key in re.findall(r'^ARG\(\w+, "(\w)"', table, re.M)}
    found |= set(re.findall(r"-E[A-Z0-9]+", (SOURCE / "docs/replay-format.md").read_text(encoding="utf-8")))
    found |= {";:,", "o=", "s=", "s=-2", "x=-", "x=8:1:5:0100644:1:0:0:10000:24", "x=8:1:6:040755:2:0:0:4096:8",
              "i=1:1;:,", "i=2:2;:,", "D=0;:,", "t=9;:,", "%fd/0", "%null", "cwd", "none", "AT_FDCWD", "d=3", "s=3",
              "s=0", "p=/h/w/f", "p=f", "../", "/.ioriot/t/", "/h/.ioriot/t1/", "|0|0|-|", ">3", "#INIT\\x0a", "#END\\x0a",
              "dir|0755|0|0|", "file|0644|0|0|10|0+10|", "link|0|0|", "@2|", "@3|", "\\x0a", "18446744073709551615",
              "9223372036854775807", "4096x3", "null", "now", "omit", "L3", "3:4"}
    found |= {"7 1.5 ", "8 1.6 ", " <unfinished ...>", "<... ", " resumed>", ") = 3</f>", ") = -1 ENOENT (x)", ") = ?",
              " <0.000010>", "+++ exited with 0 +++", "+++ killed by SIGKILL +++", "--- SIGCHLD {", "+++ superseded by execve in pid 8 +++",
              "AT_FDCWD</w>, ", "{iov_base=\\x22a\\x22..., iov_len=5}", "[3<pipe:[1]>, 4]", "\\x22/f\\x22", "{st_mode=S_IFREG|0644, st_size=3",
              "flags=CLONE_VM", " /* x */", " or FICLONE", "sun_path=", "makedev(0x8, 0x1)", "tv_sec=5, tv_nsec=7", "0x7f0000000000"}
    return sorted(found)


def main():
    directory = pathlib.Path(sys.argv[1])
    captures, replays = list(examples("capture")), list(examples("replay"))
    write(directory, "capture", ["0" + s for s in captures])
    write(directory, "generate", ["0" + one_process(s) for s in captures])
    write(directory, "replay", replays)
    write(directory, "load", ["0" + s for s in replays])
    for made in ("wire", "import", "names"):  # by build/fuzz
        (directory / made).mkdir(exist_ok=True)
    (directory / "words").write_text("".join(f'"{w}"\n' for w in words()), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
