# SPDX-License-Identifier: Apache-2.0
"""What the BPF backend costs: rows of bench.py, each with its target."""
import mmap
import os
import re
import shutil
import statistics
import subprocess
import sys

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
CALLS = ("pread", "open+close", "getppid")
SQLITE = """import sqlite3
c = sqlite3.connect("db")
c.execute("create table t(a integer primary key, b text)")
for i in range(300):
    c.execute("insert into t(b) values(?)", ("x" * (i % 97),))
    c.commit()"""
# Each is run in a directory with a tree "src" that is in the cache; what it makes is gone afterwards.
PROGRAMS = (
    ("mix", "git clone -q src.git clone && tar cf x.tar src && grep -r include src > found; "
            "%s -c '%s' && rm -rf clone x.tar found db" % (sys.executable, SQLITE)),
    ("tar", "for i in 1 2 3 4 5; do tar cf x.tar src; done; rm x.tar"),
    ("grep", "for i in 1 2 3 4 5 6 7 8; do grep -r include src > found; done; rm found"),
)
# What -L is in each row: one layer, or some that are of one kind, and all.
LAYERS = (("sys", "sys"), ("block", "block"), ("cache", "cache"), ("cache-64", "cache=64"), ("cache-sums", "cache=0"),
          ("fault", "fault"), ("sockets", "net,conn,poll,sockopt,retrans"), ("proc", "proc"), ("uring", "uring"),
          ("all", "all"))
# The time of the program itself: loading BPF programs is not part of it.
TIMED = 'a=$EPOCHREALTIME; %s; b=$EPOCHREALTIME; echo $((${b/./} - ${a/./}))'

# Of processors, by the program and what it starts, in us: whatever else the host does.
SPENT = 'TIMEFORMAT="%%U %%S"; { time { %s; } 2>/dev/null; } 2>&1'


# More than the capture of a program takes, and that of a storm.
TOUCHED, TOUCHED_STORM = 1 << 30, 6 << 30


def touch(size=TOUCHED):
    """
    A host may take memory back that is free, and bring it again only when it is touched, which takes longer than all
    that is measured here. So each begins with as much that is there, whoever had it before.
    """
    size = min(size, os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGESIZE") // 2)
    mmap.mmap(-1, size, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | mmap.MAP_POPULATE).close()


def elapsed(text):
    return int(text.split()[-1])


def spent(text):
    return sum(float(s) for s in text.split()[-2:]) * 1e6


class Bpf:
    def __init__(self, bench):
        self.bench = bench
        self.out = os.path.join(bench.ram.base, "bpf.out")
        self.pairs = bench.args.pairs
        self.floor = None

    def close(self):
        if os.path.exists(self.out):
            os.unlink(self.out)

    def record(self, *options):
        return self.bench.ioriot("-c", self.out, "--backend=bpf", *options, "--")

    def lacks(self):
        """The sentence of a host that cannot."""
        tried = subprocess.run(self.record() + ["true"], stderr=subprocess.PIPE, text=True, check=False)
        return tried.stderr.strip().splitlines()[-1] if tried.returncode else None

    def recorded(self, cmd, *options, **kw):
        """What CMD prints, and what ioriot says: records, lost ones, ns of processor time a record."""
        done = subprocess.run(self.record(*options) + cmd, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                              check=False, **kw)
        if done.returncode not in (0, 3):  # 3: something was lost
            sys.exit("bench: " + done.stderr)
        said = re.search(r"(\d+) records of .* (\d+) lost,", done.stderr)
        cost = re.search(r"(\d+) ns a record", done.stderr)
        return done.stdout, int(said[1]), int(said[2]), int(cost[1])

    # --- calls

    def others(self):
        """(name, command before the program, options to it, how many times fewer calls)"""
        tools = [("perf record -e raw_syscalls:*", ["perf", "record", "-q", "-m", "4096", "-e", "raw_syscalls:*", "-o", self.out], 4),
                 ("strace --seccomp-bpf", ["strace", "-f", "--seccomp-bpf", "-e", "trace=%file,%desc,%process", "-o", self.out], 10),
                 ("bpftrace", ["bpftrace", "-q", "-o", self.out, "-e",
                               "tracepoint:raw_syscalls:sys_enter /pid == cpid/ { printf(\"%d\\n\", args->id); }", "-c"], 10)]
        for name, cmd, fewer in tools:
            if not shutil.which(cmd[0]):
                self.bench.report("bpf-against-" + cmd[0], "left out: %s is not installed" % cmd[0])
                continue
            yield name, cmd, fewer

    def find_floor(self):
        """The command in front of a program of whose calls two programs write down the numbers; None stays: there is none."""
        cmd = [self.bench.tool("floor"), self.bench.tool("floor.bpf.o")]
        if os.path.exists(cmd[0]) and not subprocess.run(cmd + ["true"], check=False).returncode:
            self.floor = cmd
        else:
            self.bench.report("bpf-floor", "left out: its programs were not built, or cannot be loaded")

    def calls(self):
        target = os.path.join(self.bench.ram.dir, "target")
        with open(target, "wb") as f:
            f.write(os.urandom(65536))
        prog, n, lost = [self.bench.tool("calls"), target], 400000, []

        def numbers(text):
            return [int(x) for x in text.split()]

        def ours():
            text, _, missing, _ = self.recorded(prog + [str(n)], "--buffer=64M")
            lost.append(missing)
            return numbers(text)

        def theirs(cmd, fewer):
            small = prog + [str(n // fewer)]
            done = subprocess.run(cmd + ([" ".join(small)] if cmd[-1] == "-c" else small), stdout=subprocess.PIPE,
                                  stderr=subprocess.DEVNULL, text=True, check=False)
            figures = re.findall(r"^\d+ \d+ \d+$", done.stdout, re.M)
            return numbers(figures[0]) if figures else None

        runs = {"bare": lambda: numbers(self.bench.run(prog + [str(n)])), "ours": ours}
        if self.floor:
            runs["the least that programs cost"] = lambda: numbers(self.bench.run(self.floor + prog + [str(n)]))
        for name, cmd, fewer in self.others():
            runs[name] = lambda cmd=cmd, fewer=fewer: theirs(cmd, fewer)
        rows = [dict(zip(runs, row)) for row in self.bench.rounds(self.pairs, *runs.values())]
        for k, what in enumerate(CALLS):
            added = {name: [row[name][k] - row["bare"][k] for row in rows if row[name]] for name in runs}
            medians = {name: statistics.median(v) for name, v in added.items() if v}
            base, least = statistics.median(row["bare"][k] for row in rows), medians.get("the least that programs cost")
            beside = ["%s %+.0f" % (name, medians[name]) for name in list(runs)[2:] if name in medians]
            low, high = min(added["ours"]), max(added["ours"])
            self.bench.report("bpf-" + what, "%+.0f ns (%d .. %d) to %.0f ns untraced; %s; %d lost" % (
                medians["ours"], low, high, base, ", ".join(beside) or "alone", sum(lost)),
                added_ns=medians["ours"], low=low, high=high, untraced_ns=base, lost=sum(lost),
                **({} if least is None else {"floor_ns": least}))
        os.unlink(target)

    # --- programs

    def tree(self):
        """A directory with what the programs work on."""
        work = os.path.join(self.bench.ram.dir, "programs")
        os.mkdir(work)
        for part in ("src", "tests", "docs"):
            shutil.copytree(os.path.join(TOP, part), os.path.join(work, "src", part))
        self.bench.run(["sh", "-c", "cp -r src a && cd a && git init -q && git add . && git -c user.name=b -c user.email=b "
                            "commit -qm b && cd .. && git clone -q --bare a src.git && rm -rf a"], cwd=work)
        return work

    def against_untraced(self, row, what, timed, measure, work, *options, floor=None):
        """TIMED prints what MEASURE makes a time of: WHAT. FLOOR is run beside it."""
        lost, cost, records = [], [], []

        def bare():
            touch()
            return measure(self.bench.run(timed, cwd=work))

        def ours():
            touch()
            text, made, missing, ns = self.recorded(timed, *options, cwd=work)
            lost.append(missing)
            cost.append(ns)
            records.append(made)
            return measure(text)

        def least():
            touch()
            return measure(self.bench.run(floor + timed, cwd=work))

        rows = self.bench.rounds(2 * self.pairs, bare, ours, *([least] if floor else []))
        ratios = sorted(r[1] / r[0] for r in rows)
        ratio, beside, figures = statistics.median(ratios), "", {}
        if floor:
            figures["floor"] = statistics.median(r[2] / r[0] for r in rows)
            beside = "; the least that programs cost %.3f" % figures["floor"]
        best = [min(r[i] for r in rows) / 1e3 for i in range(2)]
        self.bench.report(row, "%.3f of the %s untraced (%.3f .. %.3f), at best %.0f ms of %.0f%s; %.0f records, %d lost; %.0f "
                          "ns of a processor a record, written as text" % (ratio, what, ratios[0], ratios[-1], best[1], best[0],
                                                                           beside, statistics.median(records), sum(lost),
                                                                           statistics.median(cost)),
                          ratio=ratio, low=ratios[0], high=ratios[-1], best_ms=best[1], best_untraced_ms=best[0],
                          lost=sum(lost), **figures)

    def programs(self):
        work = self.tree()
        for name, command in PROGRAMS:
            self.against_untraced("bpf-" + name, "time", ["bash", "-c", TIMED % command], elapsed, work,
                                  floor=self.floor)
        shutil.rmtree(work)

    # --- layers, on the mix

    def layers(self):
        work = self.tree()
        for name, layers in LAYERS:
            self.against_untraced("layer-" + name, "processor time", ["bash", "-c", SPENT % PROGRAMS[0][1]], spent, work,
                                  "-L", layers)
        shutil.rmtree(work)

    # --- many records

    def storm_of(self, n, threads, buffer, row, whose):
        touch(TOUCHED_STORM)
        text, _, lost, cost = self.recorded([self.bench.tool("calls"), "storm", str(n), str(threads)], buffer)
        ns = int(text)
        self.bench.report(row, "%.2f M records/s%s for %.1f s; %d lost; %d ns of a processor a record" % (
            n / ns * 1e3, whose, ns / 1e9, lost, cost), rate=n / ns * 1e9, lost=lost, consumer_ns=cost)

    def storm(self):
        """Calls as fast as one processor makes them, for ten seconds of 4 M a second."""
        n = 40000000
        large = os.path.join(os.environ.get("TMPDIR", "/var/tmp"), "ioriot-bench-%d.capture" % os.getpid())
        self.close()
        self.out = large
        self.storm_of(n, 1, "--buffer=1G", "bpf-storm", "")
        self.storm_of(n, 2, "--buffer=2G", "bpf-storm-two", " by two threads")
        os.unlink(large)
        n //= 10
        text, records, lost, _ = self.recorded([self.bench.tool("calls"), "storm", str(n)], "--buffer=1M")
        _, none, _, _ = self.recorded([self.bench.tool("calls"), "storm", "0"])
        self.bench.report("bpf-small-ring", "%d recorded + %d lost, %d of %d made" % (
            records, lost, records + lost, n + none), recorded=records, lost=lost, made=n + none)
        if records + lost != n + none:
            sys.exit("bench: the numbers of the small ring do not add up")


def measured(bench, row, *parts):
    b = Bpf(bench)
    why = b.lacks()
    if why:
        bench.report(row, "left out: " + why)
        return
    try:
        for part in parts:
            part(b)
    finally:
        b.close()


def bpf(bench):
    measured(bench, "bpf", Bpf.find_floor, Bpf.calls, Bpf.programs, Bpf.storm)


def layers(bench):
    """What each layer costs."""
    measured(bench, "layers", Bpf.layers)
