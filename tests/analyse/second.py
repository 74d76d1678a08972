#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A second reading of a capture, by itself: what ioriot -a says must be the same.

usage: second.py CAPTURE CSV [TABLE WHAT]...

Each call of CAPTURE is a line of CSV (--export csv) with the same operation, thread, result and times, and
with the file that its descriptor is of, and the place in it, by this program's own account. WHAT a TABLE is:

  COLUMN         --by COLUMN --top 0: the sums over these lines, and quantiles that are at most 1/32 above theirs
  COLUMN/SORT    the same with --sort SORT: in that order
  hist:COLUMN    --hist: how many are in each step
  timeline:NS    --timeline
  seq            --seq --top 0, and below it what all files are together
"""
import collections
import csv
import errno
import itertools
import os
import re
import stat
import sys

READ = {"read", "readv", "pread64", "preadv", "preadv2", "getdents", "getdents64", "readlink", "readlinkat"}
WRITE = {"write", "writev", "pwrite64", "pwritev", "pwritev2"}
TRANSFER = {"copy_file_range", "sendfile", "splice", "tee", "vmsplice"}
NO_CALLS = {"state_mount", "state_task", "state_thread", "state_fd", "state_dup", "state_map", "state_path", "recv_fd", "task_end", "lost",
            "end", "map_read", "map_write", "uring_file"}
RINGS_READ, RINGS_WRITE = {"uring_read", "uring_readv"}, {"uring_write", "uring_writev"}
READ, WRITE, TRANSFER = READ | RINGS_READ, WRITE | RINGS_WRITE, TRANSFER | {"uring_splice"}
PLACED = (READ | WRITE) - {"getdents", "getdents64", "readlink", "readlinkat"}
RESTARTS = (-512, -513, -514, -516)  # -ERESTARTSYS ...: include/linux/errno.h
OPENS = {"open", "openat", "openat2", "creat"}
NAMED = {"eventfd", "eventfd2", "signalfd", "signalfd4", "timerfd_create", "epoll_create", "epoll_create1",
         "socket", "accept", "accept4", "memfd_create", "inotify_init", "inotify_init1", "pidfd_open",
         "io_uring_setup", "perf_event_open", "bpf", "fanotify_init", "userfaultfd"}
SEVERAL = {"pipe", "pipe2", "socketpair"}
CLOEXEC = 0o2000000
FAMILIES = {}  # by operation
UNITS = {"ns": 1, "us": 1e3, "ms": 1e6, "s": 1e9}
BYTES = {"B": 1, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30}


def family_of(op):
    """As docs/families.md has it."""
    if not FAMILIES:
        with open(os.path.join(os.path.dirname(__file__), "../../docs/families.md"), encoding="utf-8") as f:
            for row in re.findall(r"^\| ([A-Z]\w+) \| (.*) \| .* \|$", f.read(), re.M):
                FAMILIES.update(dict.fromkeys(row[1].split(), row[0]))
    return "AIO" if op.startswith(("uring_", "aio_")) else FAMILIES[op]


def unescape(s):
    return re.sub(rb"\\(\\|x[0-9A-Fa-f]{2})", lambda m: b"\\" if m[1] == b"\\" else bytes([int(m[1][1:], 16)]), s)


def name_of(code):
    name = errno.errorcode.get(code, f"E{code}")
    return "EOPNOTSUPP" if name == "ENOTSUP" else name


def records(path):
    with open(path, "rb") as f:
        for number, line in enumerate(f, 1):
            if number == 1:
                yield 0, dict(p.split(b"=", 1) for p in line.strip(b"#|\n").split(b"|") if b"=" in p)
                continue
            yield number, dict(p.split(b"=", 1) for p in line.rstrip(b"\n").split(b";:,") if p)


class Description(bytes):
    """The name of an open file; what copies of a descriptor share."""
    pos, end, append, stream = 0, None, False, False
    facts = ()

    def __new__(cls, *of):
        self = super().__new__(cls, *of)
        self.requests = []  # of rings, since the last call: (submitted, number, offset, moved, call)
        return self

    def follow(self, offset, moved):
        """Was there a transfer before, and did it end here?"""
        self.settle()
        walk = (self.end is not None, self.end == offset)
        self.end = offset + moved
        return walk

    def settle(self):
        """Requests of rings, in the order in which they were submitted."""
        for _, _, offset, moved, call in sorted(self.requests, key=lambda r: r[:2]):
            call["walk"] = (self.end is not None, self.end == offset)
            self.end = offset + moved
        self.requests.clear()

    def again(self):
        """The same file; what is read by a slot of a ring has its own order."""
        new = Description(self)
        new.stream = self.stream
        return new


class Maps:
    """Which file an address shows; None: none."""

    def __init__(self, parts=()):
        self.parts = list(parts)  # (start, end, name)

    def at(self, address):
        return next((name for start, end, name in self.parts if start <= address < end), None)

    def show(self, address, length, name):
        end = address + (length + 4095) // 4096 * 4096
        before = [(a, min(b, address), n) for a, b, n in self.parts if a < address]
        after = [(max(a, end), b, n) for a, b, n in self.parts if b > end]
        self.parts = before + after + ([(address, end, name)] if name is not None else [])


class Process:
    def __init__(self, comm=b""):
        self.fds, self.cloexec, self.cwd, self.comm, self.maps = {}, set(), b"", comm, Maps()

    def copy(self, files, fs, memory=0):
        new = Process(self.comm)
        new.maps = self.maps if memory else Maps(self.maps.parts)
        new.fds = self.fds if files else dict(self.fds)
        new.cloexec = self.cloexec if files else set(self.cloexec)
        new.cwd = [self.cwd[0]] if not fs and self.cwd else self.cwd
        return new


def absolute(base, path):
    if not path.startswith(b"/"):
        if not base.startswith(b"/"):
            return path
        path = base + b"/" + path
    parts = []
    for part in path.split(b"/"):
        if part == b"..":
            parts = parts[:-1]
        elif part not in (b"", b"."):
            parts.append(part)
    return b"/" + b"/".join(parts)


class Reading:
    """The calls of a capture: (line, op, tid, ret, start, latency, file, error, read, written, comm)."""

    def __init__(self, path):
        self.tasks, self.calls, self.lost = {}, [], 0
        self.with_requests = []
        self.length = 0
        self.slots = {}  # registered files by (ring, number)
        self.requests, self.comms = {}, {}
        self.over = {}
        self.taken = {}  # of tables of descriptors: (when its number was another one's, what it was, number)
        lines = records(path)
        header = next(lines)[1]
        self.origin = int(header[b"start_mono"])
        cmd = unescape(header.get(b"cmd", b"")).split(b" ")[0]
        self.first_comm = os.path.basename(cmd)[:15] if header[b"backend"] == b"ptrace" else b""
        first = True
        for number, r in lines:
            if first and int(r[b"t"]) < self.origin:  # of a rotation: what its state is of may be older than the file
                self.origin = int(r[b"t"]) - int(r[b"D"])
            first = False
            self.length = max(self.length, int(r[b"t"]) - self.origin)
            self.take(number, r)
        for desc in self.with_requests:
            desc.settle()

    def task(self, r):
        pid, tid = (int(n) for n in r[b"i"].split(b":"))
        if tid not in self.tasks:
            self.tasks[tid] = self.tasks.get(pid) or Process()
        return pid, tid, self.tasks[tid]

    def base(self, task, r, key):
        fd = r.get(key)
        if fd is None or fd in (b"AT_FDCWD", b"-100"):
            return task.cwd[0] if task.cwd else b""
        return task.fds.get(int(fd), b"")

    def file(self, task, r, op):
        at = b"d" in r and (op.endswith("at") or op in ("openat2", "newfstatat", "statx", "renameat2", "faccessat2",
                                                        "fchmodat2", "name_to_handle_at", "fchownat"))
        path = unescape(r[b"p"]) if b"p" in r else None
        if path is not None and (path or at):
            return absolute(self.base(task, r, b"d" if at else b"-"), path)
        if op in ("munmap", "mremap", "msync", "madvise"):
            return task.maps.at(int(r[b"a"], 16)) or b""
        if op == "close" and self.taken_over(task, r):
            return self.taken_over(task, r)[1]
        if self.slot(r) is not None:
            return self.slots.get(self.slot(r)) or b""
        if b"d" in r and not at:
            return task.fds.get(int(r[b"d"]), b"") if r[b"d"] != b"AT_FDCWD" else b""
        return b""

    def take(self, number, r):
        op = r[b"o"].decode()
        ret = int(r.get(b"s", 0))
        if op == "lost":
            self.lost += int(r[b"c"])
        if op in ("lost", "end", "state_mount", "state_path"):
            return
        pid, tid, task = self.task(r)
        if not self.told(r, op) and op not in NO_CALLS:
            if not self.calls:
                task.comm = self.first_comm
            self.call(number, r, op, ret, pid, tid, task)
        if op == "io_submit":
            self.submit(r, ret, pid, task)
        elif op in ("io_getevents", "io_pgetevents"):
            self.reap(number, r, pid, tid, task)
        if op not in ("dup2", "dup3") and ret in task.fds and (
                op in OPENS or op == "dup" or (op == "fcntl" and r[b"F"] in (b"0", b"1030"))):
            self.taken.setdefault(id(task.fds), []).append((int(r[b"t"]), task.fds[ret], ret))
        self.effect(r, op, ret, tid, task)

    @staticmethod
    def slot(r):
        """Which registered file a submission is on: (ring, number); None: none."""
        k = r.get(b"k", b"").split(b":")
        if not r[b"o"].startswith(b"uring_") or len(k) < 6:
            return None
        if r[b"o"] == b"uring_close" and k[4] != b"-":
            return k[0], int(k[4])
        return (k[0], int(r[b"d"])) if int(k[2]) & 1 and b"d" in r else None  # IOSQE_FIXED_FILE

    def taken_over(self, task, r):
        """What a close ends whose number another thread had got before the close was over."""
        began = int(r[b"t"]) - int(r[b"D"])
        return next((e for e in self.taken.get(id(task.fds), []) if e[2] == int(r[b"d"]) and began < e[0]), None)

    def told(self, r, op):
        """A ring that another file of a rotation tells of."""
        return r[b"D"] == b"0" and op == "io_uring_setup"

    def submit(self, r, ret, pid, task):
        tuples = [[int(n) for n in t.split(b":")] for t in r.get(b"b", b"-").split(b",") if t != b"-"]
        for _ in range(max(0, ret)):
            if not tuples:
                return
            iocb, tuples = tuples[0] + [0] * 12, tuples[1:]
            segments, tuples = tuples[:iocb[11]], tuples[iocb[11]:]
            kind = {0: "read", 7: "read", 1: "write", 8: "write", 5: "poll"}.get(iocb[1], "sync")
            size = sum(s[0] for s in segments) if iocb[1] in (7, 8) else iocb[4] if iocb[1] in (0, 1) else 0
            desc, walk = task.fds.get(iocb[2], b""), (False, False)
            if desc and kind in ("read", "write"):
                walk = desc.follow(iocb[3], size)
            self.requests[pid, iocb[0]] = (kind, int(r[b"t"]) - int(r[b"D"]), desc, iocb[2], size, iocb[3], walk)

    def reap(self, number, r, pid, tid, task):
        for event in r.get(b"b", b"-").split(b","):
            if event == b"-":
                continue
            ident, res = (int(n) for n in event.split(b":")[:2])
            if (pid, ident) not in self.requests:
                continue
            kind, began, file, fd, size, offset, walk = self.requests.pop((pid, ident))
            self.calls.append({
                "line": number, "op": f"aio_{kind}", "pid": pid, "tid": tid, "ret": res, "gap": 0, "file": file,
                "latency": int(r[b"t"]) - began, "time": max(0, began - self.origin), "comm": self.comms.get(tid, task.comm), "fd": fd,
                "size": size, "offset": offset if kind in ("read", "write") else -1, "family": "AIO",
                "error": name_of(-res) if res < 0 else "", "walk": walk, "read": max(0, res) if kind == "read" else 0,
                "written": max(0, res) if kind == "write" else 0})

    def call(self, number, r, op, ret, pid, tid, task):
        end, dur = int(r[b"t"]), int(r[b"D"])
        start = end - dur
        gap = max(0, start - self.over[tid]) if tid in self.over else 0
        if not op.startswith("uring_"):
            self.over[tid] = end
        moved = max(ret, 0)
        slot = self.slot(r)
        desc = None if op not in PLACED else self.slots.get(slot) if slot else task.fds.get(int(r[b"d"]))
        offset = self.place(r, op, desc)
        ring = op.startswith("uring_")
        walk = desc.follow(offset, moved) if offset is not None and ret >= 0 and not ring else (False, False)
        if offset is not None and ret >= 0 and int(r.get(b"O", -1)) < 0 and not slot:
            desc.pos = offset + moved
        comm = self.comms.get(tid, task.comm)
        if op in ("execve", "execveat") and ret == 0 and b"p" in r:
            comm = os.path.basename(unescape(r[b"p"]))[:15]
        self.calls.append({
            "line": number, "op": op, "pid": pid, "tid": tid, "ret": ret, "latency": dur, "gap": gap,
            "time": max(0, start - self.origin), "file": self.file(task, r, op),
            "error": name_of(-ret) if ret < 0 and ret not in RESTARTS else "", "comm": comm, "walk": walk,
            **({"offset": offset} if offset is not None and not desc.append else {}),
            **({"offset": -1} if desc is not None and desc.stream else {}),
            **self.descriptor(task, r, op), **self.second(task, r, op),
            **({"size": int(r[b"c"]) if b"c" in r else sum(int(n) for n in r[b"v"].split(b",") if n != b"-")} if op in PLACED else {}),
            "read": moved if op in READ | TRANSFER else 0, "written": moved if op in WRITE | TRANSFER else 0})
        if offset is not None and ret >= 0 and ring:
            desc.requests.append((start, int(r[b"k"].split(b":")[1]), offset, moved, self.calls[-1]))
            self.with_requests.append(desc)

    def second(self, task, r, op):
        """The other name of what has two."""
        if op in ("rename", "link", "renameat", "renameat2", "linkat") and b"P" in r:
            return {"file2": absolute(self.base(task, r, b"e"), unescape(r[b"P"]))}
        return {"file2": unescape(r[b"P"])} if op in ("symlink", "symlinkat") and b"P" in r else {}

    def descriptor(self, task, r, op):
        """The number that the call was on, and the inode behind it: its own facts, or those of who opened it."""
        fd = -1 if self.slot(r) or r.get(b"d", b"AT_FDCWD") in (b"AT_FDCWD", b"-100") or op in SEVERAL else int(r[b"d"])
        facts = r.get(b"x", b"-").split(b":")
        if op in PLACED and not self.slot(r) and fd in task.fds and len(facts) < 4:
            facts = task.fds[fd].facts
        return {"fd": fd, **({"device": b":".join(facts[:2]), "ino": int(facts[2])} if len(facts) > 3 else {})}

    @staticmethod
    def place(r, op, desc):
        """Where in the file a transfer is; None: that is not told, or it is none."""
        if desc is None or desc.stream:
            return None
        own = int(r.get(b"O", -1))
        return own if own >= 0 else desc.pos

    def effect(self, r, op, ret, tid, task):
        if op in ("fork", "vfork", "clone", "clone3") and ret > 0:
            flags = 0x100 if op == "vfork" else int(r.get(b"f", 0))
            self.comms.pop(ret, None)
            if tid in self.comms:
                self.comms[ret] = self.comms[tid]
            self.tasks[ret] = task if flags & 0x10000 and flags & 0x400 else \
                task.copy(flags & 0x400, flags & 0x200, flags & 0x100)
        elif op in ("execve", "execveat") and ret == 0:
            self.comms.pop(tid, None)
            self.comms.pop(int(r[b"i"].split(b":")[0]), None)
            new = task.copy(False, True)
            new.maps = Maps()
            new.comm = os.path.basename(unescape(r[b"p"]))[:15] if b"p" in r else b""
            for fd in new.cloexec:
                new.fds.pop(fd, None)
            new.cloexec = set()
            self.tasks[tid] = new
        elif op in ("exit", "exit_group", "task_end"):
            self.tasks.pop(tid, None)
        elif op in ("uring_file", "uring_files_update"):
            ring = r[b"k"].split(b":")[0]
            files = [int(r[b"e"])] if op == "uring_file" else [int(n) for n in r[b"b"].split(b",")][:max(0, ret)]
            for i, fd in enumerate(files):
                if fd != -2:
                    own = task.fds.get(fd)
                    self.slots[ring, int(r[b"n"]) + i] = None if own is None else own.again()
        elif op == "state_thread":
            self.comms[tid] = unescape(r[b"p"])
        elif op == "state_task":
            task.cwd = [unescape(r[b"p"])]
        elif op in ("chdir", "fchdir") and ret == 0:
            target = self.file(task, r, op)
            if task.cwd:
                task.cwd[0] = target
            else:
                task.cwd = [target]
        elif op in ("state_fd", "recv_fd"):
            self.opened(task, int(r[b"d"]), unescape(r[b"p"]), int(r[b"f"]) & CLOEXEC)
            self.streams(task, r, r[b"d"])
            task.fds[int(r[b"d"])].append = bool(int(r[b"f"]) & os.O_APPEND)
            task.fds[int(r[b"d"])].pos = max(0, int(r.get(b"O", 0)))
        elif op in OPENS and ret >= 0:
            self.opened(task, ret, self.file(task, r, op), int(r.get(b"f", 0)) & CLOEXEC)
            if ret in task.fds:
                self.streams(task, r, ret)
                task.fds[ret].append = bool(int(r.get(b"f", 0)) & os.O_APPEND)
        elif op == "lseek" and ret >= 0 and int(r[b"d"]) in task.fds:
            task.fds[int(r[b"d"])].pos = ret
        elif op in NAMED and ret >= 0:
            self.opened(task, ret, op.encode(), False)
            task.fds[ret].stream = op != "memfd_create"
        elif op in ("pipe", "pipe2", "socketpair") and ret >= 0:
            for key in (b"d", b"e"):
                self.opened(task, int(r[key]), b"pipe:" if op.startswith("pipe") else b"socket:", False)
                task.fds[int(r[key])].stream = True
        elif op == "state_map":
            task.maps.show(int(r[b"a"], 16), int(r[b"c"]), unescape(r[b"p"]))
        elif op in ("mmap", "munmap", "mremap") and not -4095 <= ret < 0:
            self.mapped(task.maps, r, op, ret, task)
        elif op == "close" and ret == 0 and self.taken_over(task, r):
            self.taken[id(task.fds)].remove(self.taken_over(task, r))
        elif op == "close" and ret == 0:
            task.fds.pop(int(r[b"d"]), None)
            task.cloexec.discard(int(r[b"d"]))
        elif op in ("dup", "dup2", "dup3") and ret >= 0 and ret != int(r[b"d"]):
            self.opened(task, ret, task.fds.get(int(r[b"d"])), op == "dup3" and int(r[b"f"]) & CLOEXEC)
        elif op == "fcntl" and ret >= 0 and r[b"F"] in (b"0", b"1030"):
            self.opened(task, ret, task.fds.get(int(r[b"d"])), r[b"F"] == b"1030")
        elif op == "fcntl" and ret == 0 and r[b"F"] == b"2":
            (task.cloexec.add if int(r[b"G"]) & 1 else task.cloexec.discard)(int(r[b"d"]))

    @staticmethod
    def streams(task, r, fd):
        """Neither a file nor a directory nor a disk: nothing in it has a place."""
        desc, facts = task.fds[int(fd)], r.get(b"x", b"").split(b":")
        desc.stream = stat.S_IFMT(int(facts[3], 8)) not in (stat.S_IFREG, stat.S_IFDIR, stat.S_IFBLK) if len(facts) > 3 \
            else desc.startswith((b"pipe:", b"socket:", b"anon_inode:"))
        desc.facts = facts

    @staticmethod
    def mapped(maps, r, op, ret, task):
        start, length = int(r[b"a"], 16), int(r[b"c"])
        if op == "mmap":
            maps.show(ret, length, None if int(r[b"l"]) & 0x20 else task.fds.get(int(r[b"d"])))
        elif op == "munmap":
            maps.show(start, length, None)
        else:
            name = maps.at(start)
            maps.show(start, length, None)
            maps.show(ret, int(r[b"C"]), name)

    @staticmethod
    def opened(task, fd, path, cloexec):
        task.fds.pop(fd, None)
        if path is not None:
            task.fds[fd] = path if isinstance(path, Description) else Description(path)
        (task.cloexec.add if cloexec else task.cloexec.discard)(fd)


def compare_calls(reading, rows):
    wrong = []
    if len(rows) != len(reading.calls):
        wrong.append(f"{len(rows)} lines for {len(reading.calls)} calls")
    for seq, (mine, theirs) in enumerate(zip(reading.calls, rows), 1):
        cls = "READ" if mine["op"] in READ | {"aio_read"} else "WRITE" if mine["op"] in WRITE | {"aio_write"} else \
            "TRANSFER" if mine["op"] in TRANSFER else "UNCLASSIFIED"
        if (theirs["class"], theirs["family"]) != (cls, family_of(mine["op"])):
            wrong.append(f"line {mine['line']}, {mine['op']}: {theirs['class']} of {theirs['family']}, not {cls}")
        more = {"seq": seq, "bytes": mine["read"] + mine["written"], "cause": mine["pid"], "dir": os.path.dirname(mine["file"])}
        for key, value in {**mine, **more}.items():
            if key == "walk":
                continue
            text = os.fsdecode(value) if isinstance(value, bytes) else str(value)
            if theirs[key] != text:
                wrong.append(f"line {mine['line']}, {mine['op']}: {key} is {theirs[key]!r}, not {text!r}")
    return wrong


def number(text, units):
    value, _, unit = text.partition(" ")
    return 0 if text == "-" else float(value) * units[unit]


def close(have, want, above=0.0):
    """HAVE has three digits or one decimal at least, and may be a share ABOVE too large."""
    return want * 0.945 - 1 <= have <= want * (1 + above) * 1.055 + 1


def quantile(values, share):
    values = sorted(values)
    want = share * len(values)
    return values[max(0, int(want) + (int(want) < want) - 1)]


SORTS = {"time": lambda g: sum(int(r["latency"]) for r in g), "count": len,
         "bytes": lambda g: sum(int(r["bytes"]) for r in g), "errors": lambda g: sum(1 for r in g if r["error"]),
         "p99": lambda g: quantile([int(r["latency"]) for r in g], 0.99)}


def cells_of(path, columns):
    with open(path, encoding="utf-8", errors="surrogateescape") as f:
        lines = [re.split(r"  +", line.strip(), maxsplit=columns - 1) for line in f if not line.startswith("  and ")]
    return lines


def compare_order(path, keys, groups, sort):
    """Of quantiles the table knows 1/32 more."""
    values = [SORTS[sort](groups[key]) for key in keys]
    return [f"{path}: {b} of {key!r} stands behind {a}" for a, b, key in zip(values, values[1:], keys[1:])
            if b > a * (33 / 32 if sort == "p99" else 1)]


def compare_hist(path, column, rows):
    """Steps of 1, 2, 5 in time, of powers of two in size."""
    values = [int(r["bytes" if column == "size" else column]) for r in rows]
    values = [v for v in values if v or column != "size"]
    units, wrong, seen = BYTES if column == "size" else UNITS, [], 0
    for low, high, count, *_ in cells_of(path, 5)[2:]:
        bounds = number(low, units), float("inf") if high == "-" else number(high, units)
        want = sum(1 for v in values if bounds[0] <= v < bounds[1])
        seen += int(count)
        if int(count) != want:
            wrong.append(f"{path}: {count} from {low} to {high}, not {want}")
    return wrong + ([f"{path}: {seen} of {len(values)}"] if seen != len(values) else [])


def compare_timeline(path, step, rows):
    wrong = []
    lines = list(itertools.takewhile(lambda cells: cells != [""], cells_of(path, 9)))[1:] # below them stand the trends
    pieces = collections.defaultdict(list)
    for row in rows:
        pieces[int(row["time"]) // step].append(row)
    if len(lines) != max(pieces) + 1:
        wrong.append(f"{path}: {len(lines)} rows, not {max(pieces) + 1}")
    for i, cells in enumerate(lines):
        group = pieces[i]
        errors = sum(1 for r in group if r["error"])
        if (int(cells[1]), cells[5]) != (len(group), str(errors) if errors else "-"):
            wrong.append(f"{path}: row {i}: {cells}, not {len(group)} calls, {errors} errors")
        for at, column in (3, "read"), (4, "written"):
            if not close(number(cells[at], BYTES), sum(int(r[column]) for r in group) * 1e9 / step):
                wrong.append(f"{path}: row {i}: {column}: {cells[at]}")
        if not close(number(cells[8], UNITS), max((int(r["latency"]) for r in group), default=0)):
            wrong.append(f"{path}: row {i}: max {cells[8]}")
    return wrong


def pattern(moves, share):
    writes = sum(1 for row, _ in moves if int(row["written"])) / len(moves)
    if len(moves) == 1:
        return "one write" if writes else "one read"
    if share is None:
        return f"one {'read' if writes < 0.1 else 'write' if writes > 0.9 else 'read or write'} each"
    how = "random" if share < 0.1 else "part sequential" if share <= 0.9 else "sequential"
    return f"{how} {'read' if writes < 0.1 else 'write' if writes > 0.9 else 'mix'}"


def step_of(size):
    """The least one of those that are counted together: 32 steps an octave."""
    shift = max(0, size.bit_length() - 6)
    return size >> shift << shift


def wrong_sizes(path, cell, sizes):
    """The three that are the most, of one in a hundred at least, and their shares."""
    steps = collections.Counter(step_of(size) for size in sizes)
    order = sorted(steps.items(), key=lambda step: (-step[1], step[0]))
    want = [(max(size, min(sizes)), 100 * n / len(sizes)) for i, (size, n) in enumerate(order[:3]) if i == 0 or n * 100 >= len(sizes)]
    have = [re.fullmatch(r"(\S+ \S+) (\S+) %", part).groups() for part in cell.split(", ")]
    fits = len(have) == len(want) and all(close(number(a, BYTES), b) and abs(float(c) - d) < 0.06
                                          for (a, c), (b, d) in zip(have, want))
    return [] if fits else [f"{path}: sizes {cell}, not {want}"]


def wrong_rates(path, files, length):
    """The last line: of all files together."""
    moves = [move for file in files.values() for move in file]
    cells = cells_of(path, 9)[-1]
    ways = [[(row, walk) for row, walk in moves if int(row[c])] for c in ("read", "written")]
    moved = [sum(int(row["bytes"]) for row, _ in way) for way in ways]
    want, wrong = [], []
    for way in ways:
        follow = [walk[1] for _, walk in way if walk[0]]
        want.append(f"{100 * sum(follow) / len(follow):.1f} %" if follow else "-")
    if [*cells[5:7], cells[8]] != [*want, "sys"]:
        wrong.append(f"{path}: all files: {cells}, not {want}")
    counts = {"": 1, "k": 1e3, "M": 1e6}
    for at, value, units in ((0, len(ways[0]), counts), (1, len(ways[1]), counts), (2, moved[0], BYTES), (3, moved[1], BYTES),
                             (4, sum(moved) / 4096, counts)):
        want = value * 1e9 / length
        if not close(number(cells[at].removesuffix("/s"), units), want):
            wrong.append(f"{path}: all files: {cells[at]}, not {want}")
    return wrong + wrong_sizes(path, cells[7], [int(row["bytes"]) for row, _ in moves])


def compare_seq(path, reading, rows):
    files, wrong = collections.defaultdict(list), []
    for mine, row in zip(reading.calls, rows):
        if int(row["offset"]) >= 0 and int(row["bytes"]):
            files[row["file"] or "-"].append((row, mine.get("walk", (False, False))))
    table = list(itertools.takewhile(lambda cells: cells != [""], cells_of(path, 10)))
    wrong += wrong_rates(path, files, reading.length)
    for cells in table[1:]:
        key = os.fsdecode(unescape(os.fsencode(cells[9])))
        moves = files.pop(key, None)
        if not moves:
            wrong.append(f"{path}: nothing was moved in {cells[9]}")
            continue
        want, ways = [], [[(row, walk) for row, walk in moves if int(row[c])] for c in ("read", "written")]
        want += [str(len(way)) for way in ways]
        for way in ways:
            follow = [walk[1] for _, walk in way if walk[0]]
            want.append(f"{100 * sum(follow) / len(follow):.1f} %" if follow else "-")
        follow = [walk[1] for _, walk in moves if walk[0]]
        want.append(pattern(moves, sum(follow) / len(follow) if follow else None))
        sizes = [int(row["bytes"]) for row, _ in moves]
        if [*cells[:2], *cells[4:6], cells[8]] != want:
            wrong.append(f"{path}: {cells}, not {want}")
        if not close(number(cells[6], BYTES), max(sizes)):
            wrong.append(f"{path}: {cells}: the largest is {max(sizes)}")
        wrong += wrong_sizes(path, cells[7], sizes)
    return wrong + [f"{path}: {key!r} is missing" for key in files]


def compare_table(path, what, rows):
    column, _, sort = what.partition("/")
    groups, wrong, keys = collections.defaultdict(list), [], []
    for row in rows:
        groups[row[column]].append(row)
    every, lines = dict(groups), cells_of(path, 10)
    for line in lines[1:]:
        cells = dict(zip(lines[0][:9], line[:9]))
        key = os.fsdecode(unescape(os.fsencode(line[9])))
        group = groups.pop("" if key == "-" else key, None)
        if group is None:
            wrong.append(f"{column} {line[9]!r} is in no call")
            continue
        keys.append("" if key == "-" else key)
        latencies = [int(row["latency"]) for row in group]
        exact = {"calls": len(group), "errors": sum(1 for row in group if row["error"])}
        wrong += [f"{line[9]}: {key} {cells[key]}, not {value}" for key, value in exact.items()
                  if cells[key] != (str(value) if value or key == "calls" else "-")]
        checks = [("read", sum(int(row["read"]) for row in group), BYTES, 0),
                  ("written", sum(int(row["written"]) for row in group), BYTES, 0),
                  ("time", sum(latencies), UNITS, 0), ("max", max(latencies), UNITS, 0),
                  ("p50", quantile(latencies, 0.5), UNITS, 1 / 32),
                  ("p99", quantile(latencies, 0.99), UNITS, 1 / 32)]
        wrong += [f"{line[9]}: {key} {cells[key]}, not {value}" for key, value, units, above in checks
                  if not close(number(cells[key], units), value, above)]
    wrong += [f"{column} {key!r} is missing" for key in groups]
    return wrong + compare_order(path, keys, every, sort or "time")


def main():
    reading = Reading(sys.argv[1])
    with open(sys.argv[2], newline="", encoding="utf-8", errors="surrogateescape") as f:
        rows = list(csv.DictReader(f))
    if reading.lost:
        last = rows.pop()
        assert (last["op"], last["ret"]) == ("lost", str(reading.lost)), last
    wrong = compare_calls(reading, rows)
    for path, what in zip(sys.argv[3::2], sys.argv[4::2]):
        kind, _, of = what.partition(":")
        wrong += compare_hist(path, of, rows) if kind == "hist" else compare_timeline(path, int(of), rows) \
            if kind == "timeline" else compare_seq(path, reading, rows) if kind == "seq" else compare_table(path, what, rows)
    print("\n".join(wrong[:20]))
    print(f"{len(rows)} calls, {len(wrong)} differences")
    return 1 if wrong or not rows else 0


if __name__ == "__main__":
    sys.exit(main())
