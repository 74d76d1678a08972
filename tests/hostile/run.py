#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Runs hostile replays and looks for what they did outside of their tree.

usage: run.py [--user NAME]... [--stride N] [--memory MIB] [--seconds N] IORIOT DIRECTORY OPS...

To be run as root in a mount namespace, DIRECTORY being a file system of its own that keeps the time of
every access. Outside of the tree there are canaries: files, directories, links, a FIFO that everybody
may read and change. Who opens or reads one is seen by fanotify(7) and by its time of access; what is
changed, made or removed by comparing everything that lstat(2) tells. A file called refused_* must not
run (status 1); runs_* may run and find differences (status 0 or 3). None may crash, take longer or more
memory than it should.
"""
import argparse
import collections
import ctypes
import os
import pathlib
import re
import resource
import shutil
import signal
import stat
import struct
import subprocess
import sys
import time

LIBC = ctypes.CDLL(None, use_errno=True)
FAN_EVENTS = 0x1 | 0x2 | 0x8 | 0x10 | 0x20 | 0x40000000 | 0x08000000  # access ... open, of directories, of children
EVENT = struct.Struct("=IBBHQii")
REFUSED = re.compile(r"(out|tree|needs|there already|stands below|no directory|\"\.\.\"|waits|number|NUL|argument|component|malformed|%fd|attribute)")


class Watch:
    """Opens and reads of what is in some directories."""

    def __init__(self):
        self.fd = LIBC.fanotify_init(0x2, os.O_RDONLY | os.O_CLOEXEC)  # FAN_NONBLOCK
        if self.fd < 0:
            sys.exit("not ok fanotify: " + os.strerror(ctypes.get_errno()))

    def add(self, path):
        if LIBC.fanotify_mark(self.fd, 1, ctypes.c_uint64(FAN_EVENTS), -1, os.fsencode(path)) < 0:
            sys.exit(f"not ok fanotify_mark {path}: " + os.strerror(ctypes.get_errno()))

    def drain(self):
        """[what was touched]"""
        found = []
        while True:
            try:
                data = os.read(self.fd, 65536)
            except BlockingIOError:
                return found
            while data:
                length, _, _, _, mask, fd, pid = EVENT.unpack_from(data)
                if pid != os.getpid():
                    found.append(f"{os.readlink(f'/proc/self/fd/{fd}') if fd >= 0 else '?'} mask {mask:#x}")
                if fd >= 0:
                    os.close(fd)
                data = data[length:]


class Outside:
    """The canaries."""

    def __init__(self, place):
        self.place, self.out = place, place / "out"
        sub = self.out / "sub"
        sub.mkdir(parents=True)
        for path in (self.out / "canary", sub / "file", place / "beside", place.parent / "above"):
            path.write_text("do not touch\n")
            path.chmod(0o666)
        (self.out / "set-uid").write_bytes(b"x")
        (self.out / "set-uid").chmod(0o4777)
        os.link(self.out / "canary", self.out / "second-name")
        os.symlink("canary", self.out / "link")
        os.symlink("/", self.out / "root")
        os.mkfifo(self.out / "fifo")
        for path in (place, self.out, sub):
            path.chmod(0o777)
        os.setxattr(self.out / "canary", "trusted.canary", b"v")
        for top in (self.out, place):
            for path in (top, *top.iterdir()):
                if not path.is_symlink():
                    os.utime(path, (981173106, 981173106))
        self.watch = Watch()
        self.before = self.state()
        for path in (self.out, sub):
            self.watch.add(path)
        self.watch.drain()

    def state(self):
        found = {}
        todo = [self.place.parent]
        while todo:
            top = todo.pop()
            for entry in os.scandir(top):
                if entry.name in (".ioriot", "work") or (top == self.place.parent and entry.name == "place"):
                    if entry.name == "place":
                        todo.append(pathlib.Path(entry.path))
                    continue
                st = os.lstat(entry.path)
                found[entry.path] = [st.st_mode, st.st_ino, st.st_nlink, st.st_uid, st.st_gid, st.st_size,
                                     st.st_mtime_ns, st.st_ctime_ns]
                if stat.S_ISREG(st.st_mode):
                    found[entry.path].append(st.st_atime_ns)
                if entry.is_dir(follow_symlinks=False):
                    todo.append(pathlib.Path(entry.path))
        return found

    def touched(self):
        """What is not as it was."""
        found = self.watch.drain()
        now = self.state()
        self.watch.drain()
        for path in sorted(now.keys() | self.before.keys()):
            if now.get(path) != self.before.get(path):
                found.append(f"{path}: {self.before.get(path)} -> {now.get(path)}")
        self.before = now
        return found


def proportional(pid):
    """MiB of a process and its children."""
    total = 0
    try:
        children = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        for one in [pid, *children]:
            text = pathlib.Path(f"/proc/{one}/smaps_rollup").read_text()
            total += int(re.search(r"Pss:\s+(\d+)", text)[1])
    except (OSError, TypeError):  # it has just ended
        pass
    return total // 1024


class Runner:
    def __init__(self, args):
        self.args = args
        self.place = args.directory / "place"
        self.work = args.directory / "work"
        self.work.mkdir()
        self.tree = self.place / ".ioriot/t1"
        self.outside = Outside(self.place)
        self.memory = self.slowest = 0
        self.results = collections.Counter()

    def ioriot(self, *command):
        start = time.monotonic()
        with open(self.work / "output", "w+b") as log:
            p = subprocess.Popen([self.args.ioriot, *map(str, command)], stdin=subprocess.DEVNULL,
                                 stdout=log, stderr=log, cwd=self.work, start_new_session=True)
            memory = self.wait(p, start)
            log.seek(0)
            output = log.read().decode("utf-8", "replace")
        self.memory = max(self.memory, memory)
        self.slowest = max(self.slowest, time.monotonic() - start)
        if memory > self.args.memory:
            output += f"\ntook {memory} MiB of memory"
            p.returncode = -1
        if re.search("was ended by signal|Sanitizer|runtime error", output):
            p.returncode = -2
        return p.returncode, output

    def wait(self, p, start):
        """
        MiB that it took. Pages that are mapped many times count once: those of who lives long enough to
        take many are looked at now and then.
        """
        seen, pause = 0, 0.001
        while True:
            pid, status, usage = os.wait4(p.pid, os.WNOHANG)
            if pid:
                p.returncode = os.waitstatus_to_exitcode(status)
                return seen or usage.ru_maxrss // 1024
            if time.monotonic() > start + 0.1:
                seen = max(seen, proportional(p.pid))
            if time.monotonic() > start + self.args.seconds:
                os.killpg(p.pid, signal.SIGKILL)
            time.sleep(pause)
            pause = min(pause * 2, 0.05)

    def fill(self, text):
        return (text.replace("@TREE@", str(self.tree)).replace("@OUT@", str(self.outside.out))
                .replace("@PLACE@", str(self.place)))

    def write(self, ops):
        """As replay_file of replay_lib.sh does it."""
        body, _, init = ops.read_text(encoding="utf-8").partition("INIT\n")
        lines = ["#|replay_version=4|name=t1|layout=root|id=abc1|"]
        for line in self.fill(body).splitlines():
            lines.append(line + ("|" if re.search(r"@\d+$", line) else f"@{len(lines) + 1}|"))
        init = self.fill(init)
        if f"{self.tree}/a|" not in init:
            init += f"file|0666|0|0|10|0+10|{self.tree}/a|\n"
        path = self.work / (ops.stem + ".replay")
        path.write_text("\n".join(lines) + f"\n#INIT\n{init}#END\n", encoding="utf-8")
        return path

    def usual_tree(self):
        path = self.work / "usual.replay"
        path.write_text("#|replay_version=4|name=t1|layout=root|id=abc1|\n"
                        f"0+9|0|0|-|{self.tree}/a|04|0|access@2|\n#INIT\n"
                        f"dir|0777|0|0|{self.tree}/d|\n#END\n", encoding="utf-8")
        status, output = self.ioriot("--quiet", "-i", path, "--root", self.place)
        if status:
            sys.exit(f"not ok the usual tree: {output}")

    def refuse(self, ops):
        path = self.write(ops)
        status, output = self.ioriot("-r", path, "--root", self.place, "-D")
        if status != 1 or not REFUSED.search(output):
            return f"status {status}: {output}"
        status, output = self.ioriot("--quiet", "-i", path, "--root", self.place)
        if status not in (0, 1):  # init has no need to look at what operations say
            return f"init: status {status}: {output}"
        return None

    def clean(self):
        shutil.rmtree(self.place / ".ioriot/.trash", ignore_errors=True)

    def run(self, ops, user):
        path = self.write(ops)
        self.clean()
        status, output = self.ioriot("--quiet", "-i", path, "--root", self.place, *user)
        if status == 1 and ops.stem.startswith("bounds_"):
            return None
        if status:
            return f"init: status {status}: {output}"
        status, output = self.ioriot("-r", path, "--root", self.place, "-D", "-p", "2", "-t", "2", *user)
        if status not in (0, 3):
            return f"status {status}: {output}"
        return None

    def refuse_init(self, ops):
        path = self.write(ops)
        self.clean()
        status, output = self.ioriot("--quiet", "-i", path, "--root", self.place)
        return None if status == 1 and REFUSED.search(output) else f"init: status {status}: {output}"

    def one(self, ops, user):
        kind = ops.name.partition("_")[0]
        if kind == "refused":
            wrong = self.refuse(ops)
        else:
            wrong = self.refuse_init(ops) if kind == "init" else self.run(ops, user)
        touched = self.outside.touched()
        if touched:
            wrong = f"outside of the tree: {touched[:5]} {wrong or ''}"
        self.results[kind] += 1
        if wrong:
            print(f"not ok {ops.stem} {' '.join(user)}: {wrong[:3000]}", flush=True)
        (self.work / (ops.stem + ".replay")).unlink()
        return bool(wrong)


def prove_the_watch(runner):
    """What is looked for would be seen."""
    canary = runner.outside.out / "canary"
    for what, code in (("a read", f"open('{canary}').read()"), ("an open", f"open('{canary}')"),
                       ("a list", f"import os; os.listdir('{runner.outside.out}')"),
                       ("a change of time", f"import os; os.utime('{canary}')"),
                       ("a new name", f"open('{runner.outside.out}/new', 'w')"),
                       ("a name removed", f"import os; os.unlink('{runner.outside.out}/new')"),
                       ("a change beside", f"import os; os.utime('{runner.place}/beside')")):
        runner.outside.touched()
        subprocess.run([sys.executable, "-c", code], check=True)
        if not runner.outside.touched():
            print(f"not ok {what} outside is not seen")
            return 1
    print("ok reads, opens, lists and changes outside are seen")
    return 0


def main():
    parser = argparse.ArgumentParser(usage=__doc__.split("\n\n")[1])
    parser.add_argument("--user", action="append", default=[])
    parser.add_argument("--stride", type=int, default=1)
    parser.add_argument("--memory", type=int, default=400)
    parser.add_argument("--seconds", type=int, default=30)
    parser.add_argument("ioriot")
    parser.add_argument("directory", type=pathlib.Path)
    parser.add_argument("ops", type=pathlib.Path, nargs="+")
    args = parser.parse_args()
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.umask(0o022)
    runner = Runner(args)
    failed = prove_the_watch(runner)
    runner.usual_tree()
    todo = sorted(args.ops, key=lambda p: p.name)[::args.stride]
    for ops in [p for p in todo if p.name.startswith("refused_")]:
        failed += runner.one(ops, [])
    for user in args.user or ["root", "nobody"]:
        for ops in [p for p in todo if not p.name.startswith("refused_")]:
            failed += runner.one(ops, ["-u", user])
    print(f"{'not ok' if failed else 'ok'} {len(todo)} hostile files, {dict(runner.results)} runs: "
          f"{failed} did harm; at most {runner.memory} MiB, {runner.slowest:.1f} s")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
