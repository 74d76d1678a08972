#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Makes hostile replays of every operation of the table.

usage: generate.py DIRECTORY

For each row of src/ops/ops.def the example of docs/replay-format.md is taken, and its paths and
descriptors are replaced by ones that lead out of the tree: refused_OP_... by what a file must not say at
all, runs_OP_... by what becomes a way out while it runs: symbolic links that were moved, descriptors of
what is behind them, the current directory, hard links, directories that are swapped for links meanwhile.
A new row is covered as soon as it stands in the table and in the document. The files are the same every
time; @TREE@ and @OUT@ stand for the tree and for the directory outside that they want to reach.
"""
import pathlib
import re
import sys

SOURCE = pathlib.Path(__file__).resolve().parent.parent.parent

ROW = re.compile(r"^OP\((\w+),\s*(-?\d+),\s*(-?\d+),\s*(\w+),\s*(\w+),\s*([^,]+?),\s*(\w+),\s*"
                 r"\(([^)]*)\),\s*(\w+),\s*(\w+)\)", re.M)
KIND = re.compile(r'^ARG\((\w+),\s*"(\w?)",\s*(FORM_\w+)', re.M)
EXAMPLE = re.compile(r"^(\d+\+\d+\|.*)\|(\w+)@\d+\|$", re.M)

# How an operation is issued when its paths are neither used nor checked.
PATHLESS = {"none", "close_list", "fork"}

# What a file must not say. Of a relative one: with a descriptor or the current directory before it.
REFUSED = {
    "absolute": "@OUT@/canary",
    "dotdot": "@TREE@/../../out/canary",
    "dotdot_inside": "@TREE@/d/../../../out/canary",
    "dotdot_end": "@TREE@/d/..",
    "prefix": "@TREE@1/canary",
    "marker": "@PLACE@/.ioriot/.t1.tree",
    "home": "@PLACE@/.ioriot",
    "place": "@PLACE@",
    "root": "/",
    "passwd": "/etc/passwd",
    "proc_cwd": "/proc/self/cwd/canary",
    "proc_root": "/proc/self/root@OUT@/canary",
    "proc_fd": "/proc/thread-self/fd/3",
    "dev_fd": "/dev/fd/3",
    "nul": r"@TREE@/\x00/../../out/canary",
    "relative": "../../../out/canary",
    "relative_inside": "d/../../../../out/canary",
    "relative_dots": "..",
    "fd_up": "%fd/0/../../out/canary",
}

# A symbolic link where it is allowed, and then where it leads out: @TREE@/l is @OUT@, and so is @TREE@/f/l.
INIT = """INIT
dir|0777|0|0|@TREE@/d|
dir|0777|0|0|@TREE@/d/e|
dir|0777|0|0|@TREE@/d/e/f|
dir|0777|0|0|@TREE@/turn|
file|0666|0|0|10|0+10|@TREE@/turn/canary|
file|0666|0|0|10|0+10|@TREE@/here|
link|0|0|@TREE@/d/e/l|../../out|
link|0|0|@TREE@/d/e/f/l|../../../out|
"""
MOVED = ("@TREE@/d/e/l|@TREE@/l|0|rename", "@TREE@/d/e/f|@TREE@/f|0|rename")


class Row:
    def __init__(self, match, kinds):
        self.name, self.flags, self.replay = match[1], match[6], match[10]
        args = [a.strip() for a in match[8].split(",") if a.strip()]
        self.args = [(a, kinds[a][1]) for a in args if kinds[a][1] != "FORM_NONE"]
        self.example = None

    def where(self, *forms):
        return [i for i, (_, form) in enumerate(self.args) if form in forms]

    def paths(self):
        """Arguments that name something; not what a link says, nor the name of an attribute."""
        return [i for i, (kind, form) in enumerate(self.args)
                if form in ("FORM_PATH", "FORM_PATH2") and kind not in ("TARGET", "XNAME")]

    def of_kind(self, *kinds):
        return [i for i, (kind, _) in enumerate(self.args) if kind in kinds]

    def line(self, values, newfd):
        """The example with other arguments: {index: text}."""
        fields = list(self.example)
        for i, text in values.items():
            fields[i] = text
        if "OPF_NEWFD" in self.flags:
            fields[len(self.args)] = f">{newfd}"
        return "|".join(fields + [self.name])

    def usual(self):
        """What every line of this row gets: all permissions, another owner, nothing that looks away."""
        values = {}
        for i, (kind, form) in enumerate(self.args):
            if kind in ("MODE",):
                values[i] = "04777"
            elif kind in ("UID", "GID"):
                values[i] = "65534"
            elif kind in ("ATFLAGS", "RESOLVE"):
                values[i] = "0"
            elif kind == "PARENT":
                values[i] = "0"
            elif kind == "TARGET":
                values[i] = "%null" if "OPF_STATE" in self.flags else "target"
            elif form == "FORM_FD":
                values[i] = "cwd" if kind.startswith("DIRFD") else "0"
        if self.name.startswith("mknod"):
            values[self.of_kind("MODE")[0]] = "010666"
        return values


def table():
    kinds = {m[1]: (m[2], m[3]) for m in
             KIND.finditer((SOURCE / "src/ops/args.def").read_text(encoding="utf-8"))}
    rows = {m[1]: Row(m, kinds) for m in
            ROW.finditer((SOURCE / "src/ops/ops.def").read_text(encoding="utf-8"))}
    document = (SOURCE / "docs/replay-format.md").read_text(encoding="utf-8")
    for block in re.findall(r"```replay\n(.*?)```", document, re.S):
        for m in EXAMPLE.finditer(block):
            row = rows[m[2]]
            fields = m[1].split("|")[4:]
            fields[-1] = re.sub("^-E.*", "0", fields[-1])  # -EFAULT would be issued with bad pointers
            row.example = row.example or fields
    return [row for row in rows.values() if row.example]


class Ops:
    """The lines of one file. Descriptors get numbers that no other line of it has."""

    def __init__(self):
        self.lines, self.fds = [], 100

    def add(self, rest, thread=0, process=None, deps="-"):
        self.lines.append(f"{len(self.lines)}+9|{thread}|{thread if process is None else process}|{deps}|"
                          f"{rest}")

    def call(self, row, values, **who):
        self.fds += 1
        self.add(row.line({**row.usual(), **values}, self.fds), **who)

    def begin(self):
        self.add("@TREE@|%null|022|0|0|0|-|state_task")
        self.add("@TREE@/here|O_RDWR|0|>0|3|open")
        for line in MOVED:
            self.add(line)

    def text(self, init=INIT):
        return "\n".join(self.lines) + "\n" + init


def refused(row, write):
    for i in row.paths():
        which = row.args[i][0].lower()
        for name, path in REFUSED.items():
            ops = Ops()
            ops.add("@TREE@|%null|022|0|0|0|-|state_task")
            ops.add("@TREE@|O_RDONLY+O_DIRECTORY|0|>0|3|open")
            ops.call(row, {**{j: "here" for j in row.paths() if row.args[j][0] != "TARGET"},
                           **{j: "0" for j in row.of_kind("DIRFD", "DIRFD2")}, i: path})
            kind = "runs" if row.replay in PATHLESS and name not in ("nul", "fd_up") else "refused"
            write(f"{kind}_{row.name}_{which}_{name}", ops.text("INIT\nfile|0666|0|0|10|0+10|@TREE@/here|\n"
                                                               "dir|0777|0|0|@TREE@/d|\n"))
    for i in row.of_kind("TARGET"):
        if row.replay in PATHLESS or "OPF_STATE" in row.flags:
            continue
        for name, path in REFUSED.items():
            if name in ("dotdot_end", "fd_up"):  # the tree itself; a name of its own
                continue
            ops = Ops()
            ops.add("@TREE@|O_RDONLY+O_DIRECTORY|0|>0|3|open")
            # a link in the tree itself may have no ".."; of one below a descriptor that is not known
            ops.call(row, {**{j: "@TREE@/new" for j in row.paths()}, i: path})
            write(f"refused_{row.name}_target_{name}", ops.text("INIT\ndir|0777|0|0|@TREE@/d|\n"))


def both(row, first, second):
    """The paths of a row: the first one, or when it has two, each of them as the way out."""
    paths = row.paths()
    if len(paths) < 2:
        return [{paths[0]: first}] if paths else []
    return [{paths[0]: first, paths[1]: "@TREE@/inside"}, {paths[0]: "@TREE@/here", paths[1]: second},
            {paths[0]: first, paths[1]: second}]


def flag_variants(row):
    at = row.of_kind("ATFLAGS")
    if not at:
        return [{}]
    return [{at[0]: f} for f in ("0", "AT_SYMLINK_NOFOLLOW", "AT_SYMLINK_FOLLOW", "AT_REMOVEDIR",
                                 "AT_EMPTY_PATH")]


def by_links(row, ops):
    for where in ("@TREE@/f/l", "@TREE@/l"):
        for first, second in ((f"{where}/canary", f"{where}/new"), (f"{where}/sub", f"{where}/sub/new"),
                              (f"{where}/", f"{where}/new/"), (where, where)):
            for values in both(row, first, second):
                for flags in flag_variants(row):
                    ops.call(row, {**values, **flags})


def by_directory(row, ops):
    """The current directory, changed by each of the calls that change it."""
    for line in ("@TREE@/l|0|chdir", "@TREE@/l|O_PATH+O_DIRECTORY|0|>10|3|open", "10|0|fchdir"):
        ops.add(line)
        for values in both(row, "canary", "new") + both(row, "sub/file", "."):
            for flags in flag_variants(row):
                ops.call(row, {**values, **flags})


def by_descriptors(row, ops):
    ops.add("@TREE@/l|O_PATH+O_DIRECTORY|0|>10|3|open")
    ops.add("@TREE@/l|O_RDONLY+O_DIRECTORY|0|>11|3|open")
    ops.add("@TREE@/l/canary|O_PATH|0|>12|3|open")
    ops.add("@TREE@/l/canary|O_RDWR|0|>13|3|open")
    ops.add("@TREE@/l|O_PATH+O_NOFOLLOW|0|>14|3|open")
    ops.add("10|>15|3|dup")
    for fd in (10, 11, 12, 13, 14, 15):
        bases = {i: str(fd) for i in row.of_kind("DIRFD", "DIRFD2")}
        direct = {i: str(fd) for i in row.where("FORM_FD") if i not in bases}
        ways = [{i: f"%fd/{fd}" for i in row.paths()}]
        if bases:
            ways += [{i: name for i in row.paths()} for name in ("canary", "sub/file", "", "%null")]
        if direct:
            ways += [{**{i: "here" for i in row.paths()}, **direct}]
            ways += [{**{i: "here" for i in row.paths()}, one: str(fd)} for one in direct]
        for values in ways:
            for flags in flag_variants(row):
                if values or bases:
                    ops.call(row, {**bases, **values, **flags})


def by_hard_link(row, ops):
    """What is outside gets a name inside, where nothing looks like a way out any more."""
    ops.add("@TREE@/l/canary|O_PATH|0|>12|3|open")
    ops.add("cwd|@TREE@/l/canary|cwd|@TREE@/one|AT_SYMLINK_FOLLOW|0|linkat")
    ops.add("12||cwd|@TREE@/two|AT_EMPTY_PATH|0|linkat")
    ops.add("cwd|%fd/12|cwd|@TREE@/three|AT_SYMLINK_FOLLOW|0|linkat")
    ops.add("@TREE@/l/canary|@TREE@/four|0|rename")
    ops.add("cwd|@TREE@/l/canary|cwd|@TREE@/here|RENAME_EXCHANGE|0|renameat2")
    ops.add("@TREE@/l/sub|@TREE@/five|0|rename")
    for name in ("one", "two", "three", "four", "five/file"):
        for values in both(row, f"@TREE@/{name}", f"@TREE@/{name}.new"):
            ops.call(row, values)


def by_race(row, ops):
    """A directory and a link that leads out take turns at one name while the call is made on it."""
    ops.add("1:1|-|5|fork")
    fork = len(ops.lines) + 1  # its label: the header is line 1
    ops.add("@TREE@|%null|022|0|0|0|-|state_task", thread=1, deps=str(fork))
    for _ in range(60):
        ops.add("cwd|@TREE@/turn|cwd|@TREE@/l|RENAME_EXCHANGE|0|renameat2", thread=1)
        for values in both(row, "@TREE@/turn/canary", "@TREE@/turn/new")[:2]:
            ops.call(row, values)


WAYS = {"links": by_links, "directory": by_directory, "descriptors": by_descriptors,
        "hard_link": by_hard_link, "race": by_race}


def runs(row, write):
    for name, way in WAYS.items():
        if "OPF_STATE" in row.flags or "OPF_FORK" in row.flags or row.replay in PATHLESS:
            continue
        ops = Ops()
        ops.begin()
        before = len(ops.lines)
        way(row, ops)
        if any(line.endswith(f"|{row.name}") for line in ops.lines[before:]):
            write(f"runs_{row.name}_{name}", ops.text())


def main():
    directory = pathlib.Path(sys.argv[1])
    directory.mkdir(exist_ok=True)
    made = 0

    def write(name, text):
        nonlocal made
        made += 1
        (directory / f"{name}.ops").write_text(text, encoding="utf-8")

    for row in table():
        refused(row, write)
        runs(row, write)
    print(f"{made} files")


if __name__ == "__main__":
    sys.exit(main())
