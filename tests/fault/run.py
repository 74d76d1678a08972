#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Makes every call of generate, init and replay fail once.

usage: run.py [--preload FAULT.SO] [--stride N] [--jobs N] [--steps LIST] [--classes LIST] [--at CLASS:N:ERRNO]
              IORIOT CAPTURE DIRECTORY

fault.c counts the calls that can fail; each is made to fail in a run of its own (every Nth with
--stride N). The step must then say why and end with status 1 and leave nothing behind, or do all of
its work as if nothing had been. Without --preload IORIOT has fault.c in it. --at repeats one.
"""
import argparse
import collections
import concurrent.futures
import copy
import errno
import json
import multiprocessing
import os
import pathlib
import re
import shutil
import signal
import struct
import subprocess
import sys
import time

CLASSES = ("alloc", "open", "write", "make", "read", "start")
ERRNOS = {"alloc": ["ENOMEM"], "open": ["EMFILE"], "write": ["ENOSPC", "EIO", "short"],
          "make": ["ENOSPC"], "read": ["EIO"], "start": ["EAGAIN"]}
LIMIT = 120  # seconds for one run
PAGE = struct.Struct("=6QQQ32s200s")


class Page:
    def __init__(self, path):
        fields = PAGE.unpack(path.read_bytes().ljust(PAGE.size, b"\0"))
        self.count = dict(zip(CLASSES, fields))
        self.hit, self.caller = fields[6], fields[7]
        self.name, self.file = (f.split(b"\0")[0].decode() for f in fields[8:])

    def where(self):
        text = subprocess.run(["addr2line", "-fse", self.file, hex(self.caller - 1)], check=False,
                              capture_output=True, text=True).stdout.split()
        return f"{self.name} of {' '.join(text) if text and text[0] != '??' else self.file}"


def snapshot(top):
    """What is there, and what is in it."""
    found = {}
    for directory, names, files in os.walk(top):
        for name in names + files:
            path = os.path.join(directory, name)
            st = os.lstat(path)
            data = None
            if name in files and os.path.isfile(path) and not os.path.islink(path):
                data = pathlib.Path(path).read_bytes()
            if os.path.islink(path):
                data = os.readlink(path)
            found[os.path.relpath(path, top)] = (st.st_mode, st.st_uid, st.st_nlink, data)
    return found


class Step:
    """One command; subclasses say what it needs and what may be left of it."""
    name = None
    normal = (0,)

    def __init__(self, args):
        self.args = args
        self.place = args.directory / "place"
        self.root = self.place / "root"
        self.page = args.directory / "page"
        self.good = None

    def clean(self):
        if self.place.exists():
            shutil.rmtree(self.place)
        self.root.mkdir(parents=True)
        os.chmod(self.root, 0o777)
        os.chmod(self.place, 0o777)

    def ioriot(self, *command, fault=None):
        env = dict(os.environ, ASAN_OPTIONS=os.environ.get("ASAN_OPTIONS", "exitcode=99"))
        if fault is not None:
            self.page.unlink(missing_ok=True)
            self.page.touch(mode=0o666)
            env |= {"FAULT_PAGE": str(self.page)} | ({"FAULT": fault} if fault else {})
            if self.args.preload:
                env["LD_PRELOAD"] = str(self.args.preload)
        p = subprocess.Popen([str(self.args.ioriot), *map(str, command)], env=env, cwd=self.place,
                             stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                             stderr=subprocess.PIPE, start_new_session=True)
        try:
            out, err = p.communicate(timeout=LIMIT)
            status = p.returncode
        except subprocess.TimeoutExpired:
            os.killpg(p.pid, signal.SIGKILL)
            out, err = p.communicate()
            status = "no end"
        try:
            os.killpg(p.pid, signal.SIGKILL)
            time.sleep(0.05)
            status = f"{status} with processes left"
        except ProcessLookupError:
            pass
        return status, out.decode(errors="replace"), err.decode(errors="replace")

    def prepare(self):
        self.clean()

    def count(self):
        self.prepare()
        status, out, err = self.ioriot(*self.command(), fault="")
        if status not in self.normal:
            sys.exit(f"{self.name}: status {status}: {out}{err}")
        self.good = self.result()
        return Page(self.page).count

    def attempt(self, fault):
        """None when the step passed it by, "refused" when it said so; or what is wrong."""
        self.prepare()
        status, out, err = self.ioriot(*self.command(), fault=fault)
        if self.args.at:
            print(out + err, end="")
        page = Page(self.page)
        if not page.hit:
            return "not hit", None
        what = f"{fault} ({page.where()})"
        wrong = self.judge(status, err)
        if wrong:
            return "wrong", f"{what}: status {status}: {wrong}\n{out}{err}"
        if status == 0 and re.search("Sanitizer|runtime error", err):
            return "wrong", f"{what}: {err}"
        return {0: "passed by", 1: "refused"}.get(status, "diverged"), f"{what}: {err.strip()}"

    def judge(self, status, err):
        if status in self.normal:
            try:
                return None if self.same(self.result()) else "the result is another one"
            except (OSError, ValueError) as e:
                return f"no result: {e}"
        if status != 1:
            return "not 1"
        if not re.search("^ioriot: .", err, re.M):
            return "without a sentence"
        if "Success" in err:
            return "a sentence without a reason"
        return self.left_behind()

    def same(self, result):
        return result == self.good

    def result(self):
        return snapshot(self.place)


def without_id(replay):
    return re.sub(rb"\|id=[0-9a-f]+", b"", replay)


class Generate(Step):
    name, output = "generate", "x.replay"

    def command(self):
        return "--quiet", "-c", self.args.capture, "-r", self.output, "-n", "fault", "--root", self.root

    def prepare(self):
        self.clean()
        self.before = snapshot(self.place)

    def result(self):
        data = (self.place / self.output).read_bytes()
        if self.output.endswith(".zst"):
            data = subprocess.run(["zstd", "-dc"], input=data, check=True, capture_output=True).stdout
        names = sorted(set(snapshot(self.place)) - {"root/.ioriot"})
        return names, without_id(data)

    def left_behind(self):
        left = set(snapshot(self.place)) - set(self.before) - {"root/.ioriot"}
        return f"left behind: {left}" if left else None


class GenerateOver(Generate):
    """Compressed, over an older file, which stays when this one cannot be made."""
    name, output = "generate-zst", "x.replay.zst"

    def prepare(self):
        self.clean()
        (self.place / self.output).write_bytes(b"older\n")
        self.before = snapshot(self.place)

    def left_behind(self):
        if (self.place / self.output).read_bytes() != b"older\n":
            return "the older file is gone"
        return super().left_behind()


class Replayed(Step):
    """Has a replay file to work on."""

    def __init__(self, args):
        super().__init__(args)
        self.replay = args.directory / "good.replay"

    def make_replay(self):
        self.clean()
        got = self.ioriot("--quiet", "-c", self.args.capture, "-r", self.replay, "-n", "fault", "--root",
                          self.root)
        if got[0] != 0:
            sys.exit(f"generate: {got}")

    def init(self):
        return self.ioriot("--quiet", "-i", self.replay, "--root", self.root)


class Init(Replayed):
    name = "init"

    def prepare(self):
        if not self.replay.exists():
            self.make_replay()
        self.clean()
        self.init()  # an older tree, which becomes trash

    def command(self):
        return "--quiet", "-i", self.replay, "--root", self.root

    def result(self):
        return {path: (*st[:2], st[3]) for path, st in snapshot(self.root).items()
                if path.startswith(".ioriot/fault")}

    def left_behind(self):
        """Nothing that a replay would take, nothing that keeps the next init from its work."""
        whole = self.same(self.result())
        status, out, err = self.ioriot("--quiet", "-r", self.replay, "--root", self.root, "-D")
        if status == 0 and not whole:
            return f"a replay takes what was left: {out}{err}"
        got = self.init()
        if got[0] != 0:
            return f"the next init fails: {got}"
        if not self.same(self.result()):
            return "the next init makes another tree"
        got = self.ioriot("-P", "--root", self.root)
        left = set(snapshot(self.root)) - {".ioriot"}
        return f"-P leaves {left}, {got}" if got[0] != 0 or left else None


class Replay(Replayed):
    name = "replay"
    normal = (0,)

    def prepare(self):
        if not self.replay.exists():
            self.make_replay()
        self.clean()
        status, out, err = self.init()
        if status != 0:
            sys.exit(f"init: {status}: {out}{err}")

    def command(self):
        return ("-r", self.replay, "--root", self.root, "-p", "2", "-t", "2", "-S", "stats.txt", "--json",
                "stats.json")

    def result(self):
        """What there is to tell, without the numbers of this run."""
        text = (self.place / "stats.txt").read_text()
        figures = json.loads((self.place / "stats.json").read_text())
        text = text.partition("Host during")[0]
        return (sorted(p.name for p in self.place.iterdir()), re.findall("(?m)^.*?:", text),
                figures["operations"], shape(figures))

    def judge(self, status, err):
        if status == 3 and page_is_of_an_operation(Page(self.page)):
            return None  # the call that failed was a replayed one
        return super().judge(status, err)

    def left_behind(self):
        extra = {p.name for p in self.place.iterdir()} - {"root", "stats.txt", "stats.json"}
        return f"left behind: {extra}" if extra else None


def shape(value):
    """The names in it. What the host tells of itself is another matter, and how many seconds the run took."""
    if isinstance(value, dict):
        return {key: shape(v[:1] if key == "timeline" else v) for key, v in value.items() if key != "host"}
    return [shape(v) for v in value] if isinstance(value, list) else type(value) in (int, float) or value


def page_is_of_an_operation(page):
    text = page.where()
    return bool(re.search(r" exec_|exec.*\.c|remember_cwd|open_object", text))


STEPS = (Generate, GenerateOver, Init, Replay)


def number(name):
    return 0 if name == "short" else getattr(errno, name)


def points(args, count):
    for class_ in args.classes:
        for code in ERRNOS[class_]:
            stride = args.stride if count[class_] > args.few else 1
            for n in range(1 + (args.offset % stride), count[class_] + 1, stride):
                yield f"{CLASSES.index(class_)}:{n}:{number(code)}"


def begin(args, kind):
    """A process that tries faults has a directory of its own."""
    global own_step
    args = copy.copy(args)
    args.directory = args.directory / f"job{os.getpid()}"
    args.directory.mkdir(mode=0o755)
    own_step = kind(args)
    own_step.count()


def attempt(fault):
    return own_step.attempt(fault)


def run(args, kind):
    step = kind(args)
    count = step.count()
    total = sum(len(ERRNOS[c]) * count[c] for c in args.classes)
    seen, wrong, tried = collections.Counter(), [], 0
    passed_by = collections.Counter()
    with concurrent.futures.ProcessPoolExecutor(args.jobs, multiprocessing.get_context("fork"), begin,
                                                (args, kind)) as pool:
        for verdict, what in pool.map(attempt, args.at and [args.at] or points(args, count)):
            tried += 1
            seen[verdict] += 1
            if verdict == "wrong":
                wrong.append(what)
            if verdict != "refused" and what:
                passed_by[f"{verdict} " + re.sub(r"^\S+ |/\S+|\d\d\d+", "", what)] += 1
    for text in wrong[:args.show]:
        print(f"not ok {kind.name}: {text.strip()}")
    if args.verbose:
        for what, n in passed_by.most_common():
            print(f"    {n} x {what}")
    print(f"{'not ok' if wrong else 'ok'} {kind.name}: {tried} of {total} faults: "
          + ", ".join(f"{n} {verdict}" for verdict, n in sorted(seen.items())), flush=True)
    return len(wrong)


def main():
    parser = argparse.ArgumentParser(usage=__doc__.split("\n\n")[1])
    parser.add_argument("--preload", type=pathlib.Path)
    parser.add_argument("--stride", type=int, default=1)
    parser.add_argument("--few", type=int, default=0, help="classes with so few points are all tried")
    parser.add_argument("--offset", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--steps", default=",".join(s.name for s in STEPS))
    parser.add_argument("--classes", default=",".join(CLASSES))
    parser.add_argument("--show", type=int, default=10)
    parser.add_argument("--at")
    parser.add_argument("--verbose", action="store_true")
    parser.add_argument("ioriot", type=pathlib.Path)
    parser.add_argument("capture", type=pathlib.Path)
    parser.add_argument("directory", type=pathlib.Path)
    args = parser.parse_args()
    for name in ("ioriot", "capture", "directory", "preload"):
        path = getattr(args, name)
        setattr(args, name, path and path.resolve())
    args.classes = args.classes.split(",")
    wanted = args.steps.split(",")
    return 1 if sum([run(args, step) for step in STEPS if step.name in wanted]) else 0


if __name__ == "__main__":
    sys.exit(main())
