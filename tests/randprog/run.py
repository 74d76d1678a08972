#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Random programs: recorded, replayed, compared.

usage: run.py [--seeds FIRST-LAST] [--seconds N] [--mode turns|pairs|phases|free] [--as user|root]
              [--ops N] [--tasks N] [--pipes] [--limits] [--keep LIST] [--layouts all|one]
              [--operations] [--second N] [--twice] [--no-shrink] [--jobs N] [--directory DIR] [--in-memory]
              [--program FILE] [--verdicts]

Each seed is a program (randprog.c). It is captured, made into a replay, and replayed in several
layouts; no result may differ, and the tree must be the one that the program left: names, types,
modes, owners where root replays, sizes, holes, links, extended attributes. A seed that fails is made
smaller by leaving out steps as long as it still fails, and printed. IORIOT names the program under
test. Seeds that give a mode of their own are the default: most of them one call at a time, others
with overlapping calls, see randprog.h.

--operations lists how often each row of src/ops/ops.def was in the captures, worked and failed, and is
not content when one never was. With --second N the replay of every Nth seed is captured: the calls that
stand in this capture must be those of the first one, in its order. With --twice a seed fails when it does so
two times running: for calls that overlap on a busy machine, where the tracer does not wait for ever.

With --limits no program may make its files longer than some KiB (RLIMIT_FSIZE), which no replay has.

With --in-memory the directory is on an ext4 of its own, in memory, where that is allowed: what programs sync waits
for no disk and for nobody else's files. It ends with this process.
"""
import argparse
import collections
import concurrent.futures
import ctypes
import fcntl
import importlib.machinery
import importlib.util
import os
import pathlib
import re
import shutil
import signal
import stat
import struct
import subprocess
import sys
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
IORIOT = os.environ.get("IORIOT", str(HERE.parent.parent / "ioriot"))
NOBODY = 65534
CLONE_NEWNS = 0x00020000
FS_IOC_FIEMAP = 0xC020660B
FIEMAP_EXTENT_UNWRITTEN = 0x800
RESOLVE_NO_XDEV = 1
WORK = "h/" * 59 + "w"  # so deep that no ".." and no link leads out of it: LEVELS of randprog.h
LIMIT = 60  # seconds for one command
LAYOUTS = (("1", "1", "resource"), ("2", "8", "resource"), ("4", "16", "resource"),
           ("4", "16", "strict"), ("2", "8", "strict"))
# Rows that none of these captures has.
NEVER = {"lost": "it says that something is missing from a capture",
         "state_map": "what a capture itself begins has no maps before that"}


def load_treecmp():
    loader = importlib.machinery.SourceFileLoader("treecmp", str(HERE.parent / "treecmp.py"))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("treecmp", loader))
    sys.dont_write_bytecode = True
    loader.exec_module(module)
    return module


treecmp = load_treecmp()


Row = collections.namedtuple("Row", "compare args replay")


def read_table():
    """{name: Row} of src/ops/ops.def."""
    table = (HERE.parent.parent / "src/ops/ops.def").read_text(encoding="utf-8")
    return {m[1]: Row(*m.group(2, 3, 4)) for m in re.finditer(
        r"^OP\((?!.*OPF_LAYER)(\w+),.*, (CMP_\w+), \(([^)]*)\), \w+, (\w+)\)$", table, re.M)}


ROWS = read_table()


class Operations:
    """How often each row of the table was in a capture."""

    def __init__(self):
        self.rows = list(ROWS)
        self.worked, self.failed = collections.Counter(), collections.Counter()
        self.lock = threading.Lock()

    def count(self, capture):
        worked, failed = collections.Counter(), collections.Counter()
        with open(capture, encoding="utf-8", errors="surrogateescape") as lines:
            for line in lines:
                if m := re.search(r";:,o=(\w+);:,", line):
                    (failed if ";:,s=-" in line else worked)[m.group(1)] += 1
        with self.lock:
            self.worked += worked
            self.failed += failed
        return worked + failed

    def report(self, verdicts):
        """Prints them; how many were never there and should have been."""
        missing = [row for row in self.rows if not self.worked[row] + self.failed[row]]
        reasons = dict(NEVER)
        if not self.worked["io_uring_setup"]:
            reasons |= {row: "this host allows no io_uring" for row in self.rows if row.startswith("uring_")}
        if verdicts:
            for row in missing:
                print(f"skip operation {row}: {reasons[row]}" if row in reasons.keys() - NEVER.keys() else
                      f"no program has {row}: {reasons[row]}" if row in reasons else
                      f"not ok operation {row}: none of the programs makes it")
            print(f"ok {len(self.rows) - len(missing)} of {len(self.rows)} operations are made")
        else:
            for row in self.rows:
                print(f"{row:24} {self.worked[row]:8} {self.failed[row]:8}")
        return len(set(missing) - set(reasons))


class Failed(Exception):
    """What went wrong; KIND stays the same while a program gets smaller."""

    def __init__(self, kind, text):
        super().__init__(text)
        self.kind = kind


class Program:
    """A seed with its options."""

    def __init__(self, args, seed, keep=None):
        self.args, self.seed, self.keep = args, seed, keep
        self.mode = args.mode or ("turns", "turns", "turns", "pairs")[seed % 4]
        self.root = args.as_ == "root"
        self.pipes = args.pipes or seed % 5 == 0
        self.limit = (1024 << seed % 6) + seed % 5 * 300 if args.limits else 0
        self.given = seed % 3 == 0  # descriptors that it begins with

    def options(self):
        keep = ["--keep", self.keep] if self.keep is not None else []
        return [str(self.seed), "--mode", self.mode, "--ops", str(self.args.ops),
                "--tasks", str(self.args.tasks), *["--pipes"] * self.pipes,
                *["--privileged"] * self.root, "--limit", str(self.limit), *keep]


class Place:
    """Where one program is recorded and replayed."""

    def __init__(self, program, directory):
        self.program, self.top = program, directory
        self.work = directory / "1" / WORK
        self.capture, self.replay = directory / "capture", directory / "replay"
        self.root = directory / "root"
        self.user = None if program.root or os.getuid() else NOBODY
        self.output = ""

    def run(self, *command, cwd=None, ok=(0,), kind=None):
        who = {"user": self.user, "group": self.user, "extra_groups": []} if self.user else {}
        p = subprocess.Popen(command, cwd=cwd or self.top, stdin=subprocess.DEVNULL,
                             stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                             start_new_session=True, **who)
        try:
            output = p.communicate(timeout=LIMIT)[0].decode("utf-8", "replace")
            status = p.returncode
        except subprocess.TimeoutExpired:
            os.killpg(p.pid, signal.SIGKILL)
            output, status = p.communicate()[0].decode("utf-8", "replace"), None
        self.output = output
        if status not in ok:
            raise Failed(kind or "command", f"status {status} of {' '.join(map(str, command))}\n"
                         f"{output[-3000:]}")
        return output

    def prepare(self):
        shutil.rmtree(self.top, ignore_errors=True)
        self.work.mkdir(parents=True)
        self.root.mkdir()
        if self.user:
            for path in (self.top, *self.top.glob("1/**/"), self.root):
                os.chown(path, self.user, self.user)
        self.run(self.program.args.program, str(self.program.seed), "--setup", cwd=self.work)
        self.start = self.names_of_start()

    def record(self):
        given = ""
        if self.program.given:
            given = "".join(f" {fd}{how}" for fd, how, name in (
                (3, "<x 5<&3", "x"), (4, ">>a", "a"), (0, "<b", "b"))
                if opens(self.work / name, 0o200 if fd == 4 else 0o400))
        self.run("/bin/sh", "-c", f'exec "$@"{given}', "sh", IORIOT, "--quiet", "-c", str(self.capture),
                 "--", self.program.args.program, *self.program.options(), cwd=self.work,
                 kind="capture")
        (self.top / "log").write_text(self.output)
        if self.program.args.reached.count(self.capture)["lost"]:
            raise Failed("lost", "the capture says that something of it is lost")
        return self.output

    def generate(self):
        output = self.run(IORIOT, "-c", str(self.capture), "-r", str(self.replay), "-n", "rand",
                          "--root", str(self.root), kind="generate")
        # calls that never overlapped cannot contradict each other, and nobody else is at work
        if self.program.mode == "turns" and re.search("contradict|made by others", output):
            raise Failed("contradiction", output)
        return output

    def check(self, layout):
        processes, threads, order = layout
        user = ["-u", "root"] if self.program.root else []
        self.run(IORIOT, "--quiet", "-i", str(self.replay), "--root", str(self.root), *user,
                 kind="init")
        self.run(IORIOT, "-r", str(self.replay), "--root", str(self.root), "-D", "-p", processes,
                 "-t", threads, f"--order={order}", *user, kind="replay")
        if "  skipped" in self.output:
            raise Failed("skipped", self.output)
        found = "\n".join(self.differences()).replace(WORK + "/", "")
        if found:
            raise Failed("tree", f"after a replay at -p {processes} -t {threads} --order={order}:\n"
                         f"{found}")

    def second(self):
        """A capture of the replay has the calls that the first one has."""
        capture, user = self.top / "second", ["-u", "root"] if self.program.root else []
        self.run(IORIOT, "--quiet", "-i", str(self.replay), "--root", str(self.root), *user,
                 kind="init")
        self.run(IORIOT, "--quiet", "-c", str(capture), "--", IORIOT, "-r", str(self.replay), "--root",
                 str(self.root), "-D", "-p", "1", "-t", "1", *user, kind="second capture")
        with open(self.capture, encoding="utf-8", errors="surrogateescape") as lines:
            first = [fields_of(line) for line in lines]
        with open(capture, encoding="utf-8", errors="surrogateescape") as lines:
            again = [fields_of(line) for line in lines]
        with open(self.replay, encoding="utf-8", errors="surrogateescape") as lines:
            wrong = not_repeated(first, lines, again)
        if wrong:
            raise Failed("second capture", f"not in a capture of the replay: {wrong}")

    def differences(self):
        tree = str(self.root / ".ioriot/rand")
        top = str(self.top / "1")
        args = argparse.Namespace(a=top, b=tree + top, holes=False, attributes=True,
                                  owners=self.program.root, prefix_a="", prefix_b=tree, leave_out=[])
        a, b = treecmp.walk(args.a, ()), treecmp.walk(args.b, ())
        self.forget_untouched(a, b)
        self.forget_granted(a, b)
        for path in [p for p in b if p.endswith("/.ioriot-not-empty")]:  # stands for such names
            del b[path]
        for link in pathlib.Path(tree).glob(".ioriot-link.*"):
            for path, st in b.items():
                if st.st_ino == link.stat().st_ino:
                    b[path] = changed(st, 3, st.st_nlink - 1)
        yield from treecmp.compare(a, b, args)
        yield from self.holes(a, b, args)

    def holes(self, a, b, args):
        """Of what is there at the start a replay has only what is read or written over."""
        at_start = {key[2] for key in self.start}
        # A page that is written through a map gets room on disk with all that the cache has in one folio with it.
        maps = re.search(rb"\|map_write@|\|MADV_POPULATE_WRITE\|", self.replay.read_bytes())
        for path in sorted(a.keys() & b.keys()):
            sizes = [tree[path].st_size for tree in (a, b)]
            if not stat.S_ISREG(a[path].st_mode) or sizes[0] != sizes[1]:
                continue
            files = [os.path.join(top, path) for top in (args.a, args.b)]
            da, db = (treecmp.data_pieces(file, sizes[0]) for file in files)
            if da != db:  # what is zero, and was read, counts as data as long as it is cached
                da, db = (written_pieces(file, sizes[0]) for file in files)
            if da != db:  # which the kernel may have in hand still
                da, db = (without_unwritten(*pair) for pair in zip(files, (da, db)))
            if da != db and maps:
                da, db = (without_zeros(*pair) for pair in ((files[0], da, db), (files[1], db, da)))
            if da != db and not (a[path].st_ino in at_start and covers(da, db)):
                yield f"{path}: data in pieces of {treecmp.PIECE}: {da} / {db}"

    def names_of_start(self):
        """{(directory's inode, name, inode): path} after the setup."""
        top = str(self.top / "1")
        found = treecmp.walk(top, ())
        self.modes = {st.st_ino: st.st_mode for st in found.values()}
        return {key: os.path.join(top, path) for path, key in keys(found)}

    def touched(self):
        """Path, and (name, inode), of what the capture says was there at the start."""
        with open(self.capture, encoding="utf-8", errors="surrogateescape") as lines:
            paths = {(unescape(m.group(1)), int(m.group(2))) for line in lines
                     if (m := re.search(r"o=state_path;:,p=([^;]*);:,.*x=\d+:\d+:(\d+):", line))}
        # a path may lead elsewhere by then, and a file have that name in several directories
        return {path for path, _ in paths} | {(os.path.basename(path), ino) for path, ino in paths}

    def forget_untouched(self, a, b):
        """Names that the program did not use are in no replay; nor do they count as links there."""
        known = self.touched()
        for path, key in list(keys(a)):
            if path not in b and key in self.start and not {self.start[key], key[1:]} <= known:
                for other, st in a.items():
                    if st.st_ino == key[2] and not os.path.isdir(os.path.join(str(self.top), path)):
                        a[other] = changed(st, 3, st.st_nlink - 1)
                del a[path]

    def forget_granted(self, a, b):
        """What root used without its owner's permission gets that permission by INIT."""
        for path in a.keys() & b.keys() if self.program.root else ():
            mode = a[path].st_mode
            if self.modes.get(a[path].st_ino) == mode and b[path].st_mode | stat.S_IRWXU == \
                    mode | stat.S_IRWXU and b[path].st_mode & mode == mode:
                b[path] = changed(b[path], 0, mode)


# ---- a capture of a replay ----

# Kinds of arguments that are as the program gave them, by their keys in a capture.
SAME = "mcOWvMTRX"


def fields_of(record):
    return dict(part.split("=", 1) for part in record.rstrip("\n").split(";:,") if part[1:2] == "=")


def same_result(op, a, b):
    a, b = int(a), int(b)
    if a < 0 or b < 0:
        return a == b
    return {"CMP_EXACT": a == b, "CMP_SIGN": (a > 0) == (b > 0)}.get(ROWS[op].compare, True)


def family(op):
    """Calls that differ in the way to the file only: a replay may have another one to it."""
    name = re.sub(r"^[lf](?=chown|chmod|setxattr|removexattr)", "", re.sub(r"at2?$", "", op))
    return {"creat": "open", "rmdir": "unlink"}.get(op, name)


def is_repeated(op, parts, before, after):
    """AFTER, of a capture of the replay, is the call of the line with PARTS, which was made of BEFORE."""
    if family(after.get("o", "")) != family(op):
        return False
    if after.get("p") == "" and before.get("p") and int(before["s"]) < 0:
        return int(after["s"]) < 0  # the look at where it leads has failed already
    if not same_result(op, before["s"], after["s"]):
        return False
    same = SAME.replace("c", "") if op == "getcwd" else SAME  # names are longer in a tree
    if "R" in after:  # a tree may be behind the border of a file system
        before, after = ({**r, "R": int(r.get("R") or 0) & ~RESOLVE_NO_XDEV} for r in (before, after))
    if before["o"] == op and any(before.get(key) != after.get(key) for key in same if key in after):
        return False
    return all(after[key] in parts or after[key].startswith("/proc/self/fd/") for key in "pP" if after.get(key))


def not_repeated(first, replay, again):
    """The first line of REPLAY whose call is not in AGAIN, behind that of the line before."""
    at = 0
    for line in replay:
        m = re.fullmatch(r"(.*)\|([a-z0-9_]+)@(\d+)\|", line.rstrip("\n"))
        if line.startswith("#INIT"):
            break
        if not m or ROWS[m[2]].replay != "call" or first[int(m[3]) - 1].get("s") is None:
            continue
        before, parts = first[int(m[3]) - 1], m[1].split("|")
        for found in range(at, len(again)):
            if is_repeated(m[2], parts, before, again[found]):
                at = found + 1
                break
        else:
            return line
    return None


def written_pieces(path, size):
    fd = os.open(path, os.O_RDONLY)
    os.fsync(fd)
    os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)
    os.close(fd)
    return treecmp.data_pieces(path, size)


def without_unwritten(path, ranges):
    """RANGES, piece by piece, without those that have room on disk only, which count as long as they are cached."""
    room = 512
    buffer = bytearray(struct.pack("=QQ4I", 0, 2**64 - 1, 1, 0, room, 0) + bytes(56 * room))
    fd = os.open(path, os.O_RDONLY)
    try:
        fcntl.ioctl(fd, FS_IOC_FIEMAP, buffer)
    except OSError:  # tmpfs: what is there was written
        return ranges
    finally:
        os.close(fd)
    unwritten = set()
    for i in range(int.from_bytes(buffer[20:24], sys.byteorder)):
        start, _, length = struct.unpack_from("=3Q", buffer, 32 + 56 * i)
        if struct.unpack_from("=I", buffer, 32 + 56 * i + 40)[0] & FIEMAP_EXTENT_UNWRITTEN:
            unwritten.update(range(start // treecmp.PIECE, -(-(start + length) // treecmp.PIECE)))
    return [(i, i + 1) for first, end in ranges for i in range(first, end) if i not in unwritten]


def without_zeros(path, ranges, others):
    """RANGES, piece by piece, without those that OTHERS have not and that are zero."""
    with open(path, "rb") as file:
        data = file.read()
    at = (piece for first, end in ranges for piece in range(first, end))
    return [(i, i + 1) for i in at if covers(others, [(i, i + 1)]) or
            any(data[i * treecmp.PIECE:(i + 1) * treecmp.PIECE])]


def covers(ranges, others):
    return all(any(a <= first and end <= b for a, b in ranges) for first, end in others)


def keys(tree):
    for path, st in tree.items():
        if path != ".":
            parent, name = os.path.split(path)
            yield path, (tree[parent or "."].st_ino, name, st.st_ino)


def changed(st, field, value):
    values = list(st)
    values[field] = value
    return os.stat_result(values)


def unescape(text):
    data = re.sub(rb"\\(x[0-9a-fA-F]{2}|\\)", lambda m: b"\\" if m.group(1) == b"\\" else
                  bytes([int(m.group(1)[1:], 16)]), text.encode("utf-8", "surrogateescape"))
    return data.decode("utf-8", "surrogateescape")


def opens(path, permission):
    """Can its owner open it without waiting?"""
    try:
        mode = path.stat().st_mode
    except OSError:
        return False
    return mode & permission and not stat.S_ISFIFO(mode)


def readable_walk(walk):
    """treecmp.walk for who is not root: directories without permission get it once they were seen."""
    def wrapped(top, leave_out):
        while True:
            try:
                return walk(top, leave_out)
            except PermissionError as e:
                os.chmod(e.filename, 0o700)
    return wrapped


def layouts_for(program):
    if program.args.layouts == "all":
        return LAYOUTS
    return [LAYOUTS[0], LAYOUTS[1 + program.seed % 4]]


def attempt(program, directory):
    """None, or the Failed."""
    place = Place(program, directory)
    try:
        place.prepare()
        place.record()
        place.generate()
        for layout in layouts_for(program):
            place.check(layout)
        if program.args.second and program.seed % program.args.second == 0:
            place.second()
    except Failed as e:
        return e
    return None


# ---- smaller ----

def ranges(steps):
    out = []
    for n in steps:
        if out and out[-1][1] == n - 1:
            out[-1][1] = n
        else:
            out.append([n, n])
    return ",".join(f"{a}-{b}" if a != b else f"{a}" for a, b in out) or "4095"


def shrink(args, seed, failed, directory):
    """Leaves out steps, first many and then single ones, as long as the failure is of that kind."""
    program = Program(args, seed)
    steps = list(range(int(subprocess.check_output(
        [args.program, *program.options(), "--steps"], text=True))))
    tries = args.tries if args.tries else 1 if program.mode == "turns" else 3
    deadline = time.monotonic() + args.shrink_seconds

    def fails(kept):
        for _ in range(tries):
            got = attempt(Program(args, seed, ranges(kept)), directory)
            if got and got.kind == failed.kind:
                return got
        return None

    size = len(steps) // 2
    while size and time.monotonic() < deadline:
        at, any_left_out = 0, False
        while at < len(steps) and time.monotonic() < deadline:
            fewer = steps[:at] + steps[at + size:]
            got = fails(fewer)
            if got:
                steps, failed, any_left_out = fewer, got, True
            else:
                at += size
        size = size // 2 if size > 1 or not any_left_out else 1
        if size == 1 and any_left_out:
            continue
    got = fails(steps)
    return ranges(steps), got or failed


def describe(program, failed, directory):
    log = directory / "log"
    text = [f"seed {program.seed}, as {program.args.as_}: {failed.kind}", str(failed).rstrip()]
    text.append("    again: tests/randprog/run.py --as " + program.args.as_ + " --seeds "
                f"{program.seed}-{program.seed} --mode {program.mode} --ops {program.args.ops} "
                f"--tasks {program.args.tasks}" + " --pipes" * program.args.pipes +
                " --limits" * program.args.limits +
                (f" --keep {program.keep}" if program.keep is not None else "") + " --no-shrink")
    if log.exists():
        text += ["    " + line for line in log.read_text().splitlines()]
    return "\n".join(text).replace(WORK + "/", "")


def one(args, seed):
    directory = args.directory / f"{seed}"
    program = Program(args, seed, args.keep)
    for _ in range(args.tries or 1):
        failed = attempt(program, directory)
        if failed:
            break
    if failed and args.twice:
        print(f"seed {seed} failed once, of {failed.kind}: {failed}", flush=True)
        failed = attempt(program, directory)
    if failed is None:
        if not args.keep_files:
            remove(directory)
        return seed, None, None
    if args.shrink and args.keep is None:
        keep, failed = shrink(args, seed, failed, directory)
        program = Program(args, seed, keep)
    return seed, failed.kind, describe(program, failed, directory)


def remove(directory):
    if subprocess.run(["rm", "-rf", directory], stderr=subprocess.DEVNULL, check=False).returncode == 0:
        return
    for top, dirs, _ in os.walk(directory):
        for name in dirs:
            path = os.path.join(top, name)
            if not os.path.islink(path):
                os.chmod(path, 0o700)
    shutil.rmtree(directory)


def build(directory):
    program = directory / "randprog"
    subprocess.run(["cc", "-std=gnu11", "-O1", "-static", "-o", str(program),
                    *map(str, sorted(HERE.glob("*.c")))], check=True)
    return str(program)


def mount_in_memory(directory):
    """An ext4 at DIRECTORY, seen by this process and its children only; why not, where it cannot be."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWNS):
        return os.strerror(ctypes.get_errno())
    image = directory / "image"
    for command in (["mount", "--make-rprivate", "/"], ["mount", "-t", "tmpfs", "tmpfs", directory],
                    ["truncate", "-s", "2G", image], ["mke2fs", "-q", "-t", "ext4", "-b", "4096", image],
                    ["mount", "-o", "loop,discard", image, directory]):
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
        if done.returncode:
            return f"{' '.join(map(str, command))}: {done.stdout.strip()}"
    return None


def parse():
    parser = argparse.ArgumentParser(usage=__doc__.split("\n\n")[1])
    parser.add_argument("--seeds", default="1-20")
    parser.add_argument("--seconds", type=float, default=1e9)
    parser.add_argument("--mode", choices=("turns", "pairs", "phases", "free"))
    parser.add_argument("--as", dest="as_", choices=("user", "root"), default="user")
    parser.add_argument("--ops", type=int, default=60)
    parser.add_argument("--tasks", type=int, default=5)
    parser.add_argument("--pipes", action="store_true")
    parser.add_argument("--limits", action="store_true")
    parser.add_argument("--keep")
    parser.add_argument("--layouts", choices=("all", "one"), default="one")
    parser.add_argument("--no-shrink", dest="shrink", action="store_false")
    parser.add_argument("--tries", type=int, help="of a smaller program, until it fails")
    parser.add_argument("--twice", action="store_true")
    parser.add_argument("--shrink-seconds", type=float, default=120)
    parser.add_argument("--keep-files", action="store_true")
    parser.add_argument("--verdicts", action="store_true", help="a line for each seed, as tests/run reads it")
    parser.add_argument("--operations", action="store_true")
    parser.add_argument("--second", type=int, default=0, help="capture the replay of every Nth seed as well")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--in-memory", action="store_true")
    parser.add_argument("--program")
    parser.add_argument("--directory", type=pathlib.Path, default=pathlib.Path(
        os.environ.get("TEST_TMP", "/var/tmp/randprog")))
    return parser.parse_args()


def main():
    args = parse()
    args.directory.mkdir(parents=True, exist_ok=True)
    if args.in_memory and (why := mount_in_memory(args.directory)):
        print(f"not in memory: {why}", flush=True)
    args.directory.chmod(0o755)
    args.program = args.program or build(args.directory)
    args.reached = Operations()
    first, last = (int(n) for n in re.fullmatch(r"(\d+)-(\d+)", args.seeds).groups())
    if os.getuid():
        treecmp.walk = readable_walk(treecmp.walk)
    end = time.monotonic() + args.seconds
    kinds = collections.Counter()
    done = 0
    with concurrent.futures.ThreadPoolExecutor(args.jobs) as pool:
        def guarded(seed):
            return one(args, seed) if time.monotonic() < end else (seed, "time", None)
        for seed, kind, text in pool.map(guarded, range(first, last + 1)):
            if kind == "time":
                continue
            done += 1
            if kind:
                kinds[kind] += 1
                print(f"not ok {text}", flush=True)
            elif args.verdicts:
                print(f"ok seed {seed} as {args.as_}", flush=True)
    missing = args.reached.report(args.verdicts) if args.operations else 0
    print(f"{done} programs, {sum(kinds.values())} failed"
          + "".join(f", {n} by {kind}" for kind, n in sorted(kinds.items())))
    return 1 if kinds or missing else 0


if __name__ == "__main__":
    sys.exit(main())
