# SPDX-License-Identifier: Apache-2.0
"""What the BPF backend costs: rows of bench.py, each with its target."""
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


def elapsed(text):
    return int(text.split()[-1])


def spent(text):
    return sum(float(s) for s in text.split()[-2:]) * 1e6


class Bpf:
    def __init__(self, bench):
        self.bench = bench
        self.out = os.path.join(bench.ram.base, "bpf.out")
        self.pairs = bench.args.pairs

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

    def floor(self):
        """The command in front of a program of whose calls two programs write down the numbers; None: there is none."""
        cmd = [self.bench.tool("floor"), self.bench.tool("floor.bpf.o")]
        if os.path.exists(cmd[0]) and not subprocess.run(cmd + ["true"], check=False).returncode:
            return cmd
        self.bench.report("bpf-floor", "left out: its programs were not built, or cannot be loaded")
        return None

    def calls(self):
        target = os.path.join(self.bench.ram.dir, "target")
        with open(target, "wb") as f:
            f.write(os.urandom(65536))
        prog, n = [self.bench.tool("calls"), target], 400000
        tools, floor = list(self.others()), self.floor()
        plain, ours, least, lost, theirs = [], [], [], 0, {name: [] for name, _, _ in tools}
        for i in range(self.pairs + 1):
            bare = self.bench.run(prog + [str(n)])
            with_bpf, _, missing, _ = self.recorded(prog + [str(n)], "--buffer=64M")
            with_floor = self.bench.run(floor + prog + [str(n)]) if floor else None
            for name, cmd, fewer in tools:
                small = prog + [str(n // fewer)]
                if cmd[-1] == "-c":
                    small = [" ".join(small)]
                done = subprocess.run(cmd + small, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=False)
                figures = re.findall(r"^\d+ \d+ \d+$", done.stdout, re.M)
                if i and figures:
                    theirs[name].append([int(x) for x in figures[0].split()])
            if i:
                plain.append([int(x) for x in bare.split()])
                ours.append([int(x) for x in with_bpf.split()])
                if with_floor:
                    least.append([int(x) for x in with_floor.split()])
                lost += missing
        for k, what in enumerate(CALLS):
            base = statistics.median(p[k] for p in plain)
            added = [o[k] - p[k] for p, o in zip(plain, ours)]
            median = statistics.median(added)
            beside = ["%s +%.0f" % (name, statistics.median(row[k] for row in rows) - base)
                      for name, rows in theirs.items() if rows]
            figures = {}
            if least:
                floors = [f[k] - p[k] for p, f in zip(plain, least)]
                figures["floor_ns"] = statistics.median(floors)
                beside.insert(0, "the least that programs cost +%.0f (%d .. %d)" % (
                    figures["floor_ns"], min(floors), max(floors)))
            self.bench.report("bpf-" + what, "+%.0f ns (%d .. %d) to %.0f ns untraced; %s; %d lost" % (
                median, min(added), max(added), base, ", ".join(beside) or "alone", lost),
                added_ns=median, low=min(added), high=max(added), untraced_ns=base, lost=lost, **figures)
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

    def against_untraced(self, row, what, timed, measure, work, *options):
        """TIMED prints what MEASURE makes a time of: WHAT."""
        lost, cost, records = [], [], []

        def bare():
            return measure(self.bench.run(timed, cwd=work))

        def ours():
            text, made, missing, ns = self.recorded(timed, *options, cwd=work)
            lost.append(missing)
            cost.append(ns)
            records.append(made)
            return measure(text)

        ratio, low, high, _, took = self.bench.pairs(bare, ours)
        self.bench.report(row, "%.3f of the %s untraced (%.3f .. %.3f), %.0f ms; %.0f records, %d lost; %.0f ns of a processor "
                          "a record, written as text" % (ratio, what, low, high, took / 1e3, statistics.median(records),
                                                         sum(lost), statistics.median(cost)),
                          ratio=ratio, low=low, high=high, lost=sum(lost))

    def programs(self):
        work = self.tree()
        for name, command in PROGRAMS:
            self.against_untraced("bpf-" + name, "time", ["bash", "-c", TIMED % command], elapsed, work)
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
    measured(bench, "bpf", Bpf.calls, Bpf.programs, Bpf.storm)


def layers(bench):
    """What each layer costs."""
    measured(bench, "layers", Bpf.layers)
