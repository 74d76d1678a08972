#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Compares what two captures say of the same program, record by record.

usage: compare_captures.py [--after REGEX] A B
       compare_captures.py --expected FILE CAPTURE

The first form compares thread with thread, each in its order: operations, arguments, results and facts.
State records, pages that were touched, times, numbers of processes, threads, rings and inodes, addresses, blocks, and the
sizes of directories (not
every file system keeps them where a module can see them) and of what a ring opened (ptrace looks when its chain is over)
are left aside: a thread is the
one that was made by the Nth fork of another. A thread may have come to its exit in one capture and have been ended with its
process in the other one, just before that; how many were is printed. The program begins with the first record. --after: in B it
begins after the first line that matches, as the thread of that line, and only this thread and what descends
from it is compared: a capture of a whole host can be compared with one of a program.

The second form compares with what a program says of itself: lines "TID RECORD", RECORD as in a capture
without t, D and i. Of each thread, the calls between its marks count, fadvise64(-77777, 1) and
fadvise64(-77777, 2); an exec also ends it. Threads without a line must not have any. Facts of stat(2) and
of setxattr(2) and their kin are left aside.

Prints what differs; exit status 1 then, and also when there was nothing to compare.
"""
import argparse
import collections
import re
import sys

FORKS = ("fork", "vfork", "clone", "clone3")
EXECS = ("execve", "execveat")
PASSES = ("sendmsg", "sendmmsg", "recv_fd")
RINGS = ("io_uring_setup", "io_uring_enter", "io_uring_register", "uring_file")
AIO = ("io_setup", "io_destroy", "io_submit", "io_cancel", "io_getevents", "io_pgetevents")
ASIDE = ("lost", "end")
PAGES = ("map_read", "map_write")  # how they are seen differs
MEMORY = ("mmap", "munmap", "mremap", "msync", "madvise")
# Of these some backends tell what they hit, of which others cannot see all or nothing.
STATS = ("stat", "lstat", "fstat", "newfstatat", "statx", "setxattr", "lsetxattr", "fsetxattr")
IDENTITY = re.compile(r"(;:,z=|[=,]\d+:)[1-9]\d*(?=[,;])")
UNNAMED = re.compile(r"/#\d+ \(deleted\)$")  # O_TMPFILE: the number of its inode
MARK = re.compile(r"o=fadvise64;:,d=-77777;:,O=([12]);:,")
SHOWN = 10


def lines(path):
    with open(path, encoding="utf-8", errors="surrogateescape", newline="\n") as f:
        f.readline()
        for line in f:
            yield line.rstrip("\n")


def keys(line):
    return dict(token.split("=", 1) for token in line.split(";:,") if "=" in token)


def facts(text, later):
    """Without what a file system chooses: device, inode, blocks. LATER: by then the size may be another."""
    if ":" not in text:
        return text
    _, _, _, mode, nlink, uid, gid, size, _ = text.split(":")
    if mode.startswith("04") or later:
        size = ""
    return ":".join((mode, nlink, uid, gid, size))


class Addresses:
    """Addresses of a program, which no two runs have in common, as numbers in the order in which they come."""

    def __init__(self):
        self.numbers = {}

    def number(self, address):
        return f"#{self.numbers.setdefault(address, len(self.numbers))}" if address else "0"

    def iocbs(self, tuples):
        """Without the alignment of buffers; lengths of segments follow their iocb."""
        plain, segments = [], 0
        for t in tuples.split(","):
            numbers = t.split(":")
            if segments:
                segments -= 1
            elif t != "-":
                segments = int(numbers[11]) if len(numbers) > 11 else 0
                numbers[0] = self.number(int(numbers[0]))
                numbers[5:6] = ["0"] * (len(numbers) > 5)
            plain.append(re.sub("(:0)+$", "", ":".join(numbers)))
        return ",".join(plain)

    def events(self, tuples):
        return ",".join(":".join([self.number(int(t.split(":")[0]))] + t.split(":")[1:]) if t != "-" else t
                        for t in tuples.split(","))

    def plain(self, op, fields):
        if op in MEMORY:
            self.memory(fields)
            return
        for key in "aA" + ("k" if op in AIO else ""):
            if fields.get(key, "").startswith("0x"):
                fields[key] = self.number(int(fields[key], 16))
        if op == "io_submit":
            fields["b"] = self.iocbs(fields["b"])
        elif op in AIO and "b" in fields:
            fields["b"] = self.events(fields["b"])

    @staticmethod
    def memory(fields):
        """Which address is given again depends on other threads."""
        fields.pop("A", None)
        fields["a"] = str(int(fields["a"], 16) % 4096)
        if int(fields["s"]) > 0:
            fields["s"] = "an address"


def is_submission(op):
    return op.startswith("uring_") and op != "uring_file"


class Rings:
    """Names of rings: whose they are and the how many-th, in place of their numbers."""

    def __init__(self):
        self.names, self.made = {"0": "0"}, collections.Counter()

    def plain(self, thread, op, fields):
        number, *rest = fields["k"].split(":", 1)
        if op == "io_uring_setup" and number != "0":
            self.made[thread] += 1
            self.names[number] = f"{thread}.{self.made[thread]}"
        return ":".join([self.names.get(number, "not told")] + rest)


class Threads:
    """Names of threads that do not depend on their numbers: "0" is the first, "0.3" its third child."""

    def __init__(self):
        self.names, self.children = {}, collections.Counter()

    def begin(self, tid):
        self.names[tid] = "0"

    def follow(self, r):
        """The thread's name, None when it is none of ours. A fork names the child."""
        pid, tid = r["i"].split(":")
        name = self.names.get(tid)
        if name is None:
            return None
        if r["o"] in FORKS and int(r["s"]) > 0:
            self.children[name] += 1
            child = f"{name}.{self.children[name]}"
            self.names[r["s"]] = child
            r["s"] = child
        if r["o"] in EXECS and r.get("s") == "0":
            self.names[pid] = name
        return name

    def plain(self, text):
        """TEXT with names in place of the numbers in /proc/N."""
        return re.sub(r"(?<=/proc/)\d+", lambda m: self.names.get(m[0], m[0]), text)


class Ends:
    """Which threads were ended by another one of their process, by its exit_group or execve, or by a signal."""

    def __init__(self):
        self.last, self.killers, self.signalled = {}, collections.defaultdict(list), set()

    def see(self, name, r):
        pid, tid = r["i"].split(":")
        t = int(r["t"])
        if r["o"] == "task_end":
            self.last[name] = (pid, t)
            if int(r["E"]) & 0x7f:
                self.signalled.add(name)
        elif r["o"] == "exit_group":
            self.killers[pid].append((name, t, None))
        elif r["o"] in EXECS and r.get("s") == "0":
            self.killers[pid].append((name, t - int(r["D"]), t))

    def by_others(self):
        return self.signalled | {name for name, (pid, t) in self.last.items()
                if any(who != name and begin <= t and (end is None or t <= end)
                       for who, begin, end in self.killers[pid])}


def threads_of(path, after=None):
    """{thread: [(operation, {key: value}, line number)]}, and which of them were ended by others"""
    found, threads, ends = collections.defaultdict(list), Threads(), Ends()
    addresses = collections.defaultdict(Addresses)
    rings = Rings()
    begun = False
    for number, line in enumerate(lines(path), 2):
        r = keys(line)
        if r["o"] in ASIDE + PAGES or r["o"].startswith("state_"):
            continue
        if not begun and (after is None or re.search(after, line)):
            begun = True
            threads.begin(r["i"].split(":")[1])
            if after:
                continue
        name = threads.follow(r) if begun else None
        if name is None:
            continue
        fields = {k: threads.plain(v) for k, v in r.items() if k not in "tDio"}
        if "x" in fields:
            fields["x"] = facts(fields["x"], is_submission(r["o"]))
        if fields.get("p", "").startswith(("pipe:[", "socket:[")):
            fields["p"] = fields["p"].split("[")[0]
        elif "p" in fields:
            fields["p"] = UNNAMED.sub("/#* (deleted)", fields["p"])
        if "h" in fields:
            fields["h"] = len(fields["h"])  # a file system chooses what is in it
        for key in "zb":
            if key in fields and r["o"] in PASSES:
                fields[key] = re.sub(r"(^|:)[1-9]\d*(?=,|$)", r"\1*", fields[key])
        if r["o"] == "pidfd_getfd":
            fields["q"] = threads.names.get(fields["q"], fields["q"])
        if "k" in fields and (r["o"] in RINGS or is_submission(r["o"])):
            fields["k"] = rings.plain(name, r["o"], fields)
        addresses[name].plain(r["o"], fields)
        ends.see(name, r)
        found[name].append((r["o"], fields, number))
    return apart(found), ends.by_others()


def place(call):
    ring, number, _ = call[1]["k"].split(":", 2)
    return ring, int(number)


def apart(found):
    """
    Submissions are threads of their own, in the order in which they were made: the module sees when one is
    over, ptrace only at a later call.
    """
    for name in list(found):
        submissions = [call for call in found[name] if is_submission(call[0])]
        if submissions:
            found[name + ", submissions"] = sorted(submissions, key=place)
            found[name] = [call for call in found[name] if not is_submission(call[0])]
    return found


def short(text):
    return text if len(text) < 400 else f"{text[:200]}...{text[-200:]}"


def shown(call):
    op, fields, number = call
    return short(f"line {number}: {op} " + " ".join(f"{k}={v}" for k, v in fields.items()))


def same(one, two):
    if one[0] in STATS and ("x" in one[1]) != ("x" in two[1]):
        one, two = ((op, {k: v for k, v in fields.items() if k != "x"}) for op, fields, _ in (one, two))
    return one[:2] == two[:2]


def at_the_end(name, calls, ended):
    """One of the two exits, and the other one was ended with its process before it could."""
    return any(exits[0] in ("exit", "exit_group") and killed[0] == "task_end" and name in who
               for exits, killed, who in ((calls[0], calls[1], ended[1]), (calls[1], calls[0], ended[0])))


def compare(one, two):
    (a, a_ended), (b, b_ended) = one, two
    problems, races = [], 0
    for name in sorted(a.keys() | b.keys()):
        left, right = a.get(name, []), b.get(name, [])
        for i in range(max(len(left), len(right))):
            calls = [side[i] if i < len(side) else None for side in (left, right)]
            if None not in calls and same(*calls):
                continue
            if i + 1 == len(left) == len(right) and at_the_end(name, calls, (a_ended, b_ended)):
                races += 1
                continue
            problems.append(f"thread {name}, call {i} of {len(left)} / {len(right)}:\n"
                            f"  A {shown(calls[0]) if calls[0] else 'no more'}\n"
                            f"  B {shown(calls[1]) if calls[1] else 'no more'}")
            break
    count = sum(map(len, a.values()))
    said = f"{count} records of {len(a)} threads compared"
    if races:
        said += f"; {races} at their exit when their process was ended"
    return problems if count else problems + ["nothing to compare"], said


def plain_record(record):
    if record.startswith(("o=sendm", "o=recv_fd")):  # each backend has its own numbers for descriptions
        record = IDENTITY.sub(r"\1*", record)
    if record.startswith(("o=io_uring_", "o=uring_")):  # counted in each capture
        record = re.sub(r";:,k=[1-9]\d*(?=[:;])", ";:,k=*", record)
    return re.sub(r";:,x=[^;]*;:,", ";:,", record) if record[2:].split(";")[0] in STATS else record


def between_marks(path):
    """{tid: [record]}"""
    found, inside = collections.defaultdict(list), set()
    for line in lines(path):
        m = re.match(r"t=\d+;:,D=\d+;:,i=\d+:(\d+);:,(o=(\w+);:,.*)$", line)
        tid, record, op = m.groups()
        mark = MARK.match(record)
        if mark:
            (inside.add if mark[1] == "1" else inside.discard)(tid)
        elif tid in inside and op not in ASIDE and not op.startswith("state_"):
            found[tid].append(plain_record(record))
            if op in EXECS and record.endswith("s=0;:,"):
                inside.discard(tid)
    return found


def compare_expected(path, expected):
    wanted = collections.defaultdict(list)
    with open(expected, encoding="utf-8", errors="surrogateescape", newline="\n") as f:
        for line in f:
            tid, record = line.rstrip("\n").split(" ", 1)
            wanted[tid].append(plain_record(record))
    got, problems = between_marks(path), []
    for tid in sorted(wanted.keys() | got.keys()):
        left, right = wanted.get(tid, []), got.get(tid, [])
        for i in range(max(len(left), len(right))):
            one, two = (side[i] if i < len(side) else "no more" for side in (left, right))
            if one != two:
                problems.append(f"thread {tid}, call {i} of {len(left)} / {len(right)}:\n"
                                f"  expected {short(one)}\n  captured {short(two)}")
                break
    count = f"{sum(map(len, wanted.values()))} records of {len(wanted)} threads expected"
    return problems if wanted else ["nothing to compare"], count


def main():
    parser = argparse.ArgumentParser(usage=__doc__.split("\n\n")[1])
    parser.add_argument("--after")
    parser.add_argument("--expected")
    parser.add_argument("capture", nargs="+")
    args = parser.parse_args()
    if len(args.capture) != (1 if args.expected else 2):
        parser.error("two captures, or one and --expected")
    if args.expected:
        problems, count = compare_expected(args.capture[0], args.expected)
    else:
        problems, count = compare(threads_of(args.capture[0]), threads_of(args.capture[1], args.after))
    for problem in problems[:SHOWN]:
        print(problem.encode("utf-8", "backslashreplace").decode())
    if len(problems) > SHOWN:
        print(f"{len(problems)} threads differ")
    print(count)  # last: a detail of a verdict may be cut at its end
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
