#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Measures ioriot against the bare system calls and against strace, one line a figure.

Every ratio is taken pair by pair in one run (A B A B ...) and the median of the pairs is printed
with the smallest and the largest, because machines are shared and noisy. The last line names the
JSON file with everything, the machine included.

usage: bench.py [--ioriot PATH] [--pairs N] [--calls N] [--lines N] [--json FILE] [NAME ...]
"""
import argparse
import json
import os
import platform
import re
import resource
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True  # the source stays as it is
import bench_bpf
from bench_replay import ReplayBenches

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(HERE)

# 10 M calls: files that are opened, read at places, written and closed.
LONG_CAPTURE = r"""BEGIN {
    print "#|capture_version=5|backend=bench|arch=x86_64|start_mono=1000|start_wall=1|uid=0|"
    print "t=1000;:,D=0;:,i=100:100;:,o=state_task;:,p=/w;:,P=/;:,m=022;:,U=0;:,G=0;:,q=0;:,"
    for (t = 1000; n < 1000000; n++) {
        f = n * 7919 % 5003
        printf "t=%d;:,D=4000;:,i=100:100;:,o=openat;:,d=AT_FDCWD;:,p=dir%d/file%d;:,f=2;:,m=0;:,s=3;:,\n", t += 9000, f % 50, f
        for (k = 0; k < 4; k++)
            printf "t=%d;:,D=%d;:,i=100:100;:,o=pread64;:,d=3;:,c=4096;:,O=%d;:,s=4096;:,\n", t += 2000, 700 + n * k % 977, k * 4096
        for (k = 0; k < 4; k++)
            printf "t=%d;:,D=%d;:,i=100:100;:,o=write;:,d=3;:,c=512;:,s=512;:,\n", t += 3000, 900 + (n + k * 131) % 1999
        printf "t=%d;:,D=300;:,i=100:100;:,o=close;:,d=3;:,s=0;:,\n", t += 500
    }
    printf "t=%d;:,D=0;:,i=0:0;:,o=end;:,c=10000001;:,O=0;:,n=0;:,N=0;:,\n", t
}"""

SQLITE = """import sqlite3
c = sqlite3.connect("db")
c.execute("create table t(a integer primary key, b text)")
for i in range(300):
    c.executemany("insert into t(b) values(?)", [("x" * (i % 97),)] * 20)
    c.commit()
for i in range(3000):
    c.execute("select * from t where a = ?", (2 * i,)).fetchall()"""


def run(cmd, **kw):
    return subprocess.run(cmd, check=True, stdout=subprocess.PIPE, text=True, **kw).stdout


def measured(cmd):
    """Runs CMD; its wall time in seconds and its peak resident memory in MiB."""
    start = time.monotonic()
    pid = os.fork()
    if pid == 0:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        os.execvp(cmd[0], cmd)
    _, status, usage = os.wait4(pid, 0)
    wall = time.monotonic() - start
    if status:
        sys.exit("bench: %s: status %d" % (" ".join(cmd), status))
    return wall, usage.ru_maxrss / 1024.0


def pss(pid):
    """KiB, what is shared with others divided among them."""
    with open("/proc/%d/smaps_rollup" % pid) as f:
        return int(re.search(r"^Pss: *(\d+)", f.read(), re.M).group(1))


class Ram:
    """A file system in memory: ext4 on a loop device over tmpfs as root, else tmpfs itself."""

    def __init__(self, size_mib=1500):
        self.base = tempfile.mkdtemp(prefix="ioriot-bench-", dir="/dev/shm")
        self.mounted = False
        self.kind = "tmpfs"
        image = os.path.join(self.base, "image")
        self.dir = os.path.join(self.base, "fs")
        os.mkdir(self.dir)
        if os.geteuid() == 0 and shutil.which("mkfs.ext4"):
            with open(image, "wb") as f:
                f.truncate(size_mib << 20)
            run(["mkfs.ext4", "-q", "-F", "-E", "lazy_itable_init=0", image],
                stderr=subprocess.DEVNULL)
            if subprocess.run(["mount", "-o", "loop", image, self.dir],
                              stderr=subprocess.DEVNULL).returncode == 0:
                self.mounted = True
                self.kind = "ext4 on a loop device over tmpfs"
        os.chmod(self.base, 0o755)
        os.chmod(self.dir, 0o755)

    def close(self):
        if self.mounted and subprocess.run(["umount", self.dir]).returncode:
            run(["umount", "--lazy", self.dir])
        shutil.rmtree(self.base)


# What a figure of a result should be.
TARGETS = {
    "replay-mixed": ("ratio", ">=", 0.97),
    "replay-reads": (("ratio", ">=", 0.92), ("own_ns", "<=", 20)),
    "instructions-replay": ("reads", "<=", 120),
    "replay-p2-t8": ("ratio", ">=", 0.9),
    "replay-p4-t128": ("ratio", ">=", 0.9),
    "program-fio": ("of_io", "<=", 1.02),
    "program-git-gc": ("of_io", "<=", 1.02),
    "program-tar": ("of_io", "<=", 1.02),
    "program-sqlite": ("of_io", "<=", 1.02),
    "scale-reads-workers": ("ratio", ">=", 1.8),
    "scale-reads-threads": ("ratio", ">=", 1.8),
    "scale-mixed-workers": ("ratio", ">=", 1.8),
    "scale-mixed-threads": ("ratio", ">=", 1.8),
    "edges": ("free_ns", "<=", 2000),
    "idle-threads": (("kib", "<=", 64), ("idle_ns", "<=", 0)),
    "interrupt": ("most_s", "<=", 1),
    "pace-s1": (("drift_percent", "<=", 0.1), ("p50_us", "<=", 5), ("cpu_percent", "<=", 10)),
    "pace-s0.5": ("drift_percent", "<=", 0.1),
    "pace-s4": ("drift_percent", "<=", 0.1),
    "pace-think": ("drift_percent", "<=", 0.1),
    "generate": ("lines_per_s", ">=", 6e6),
    "generate-zst": ("ratio", "<=", 1.3),
    "loading": (("operations_per_s", ">=", 1e7), ("bytes", "<=", 24)),
    "init-large-ram": ("ratio", ">=", 0.9),
    "init-large-disk": ("ratio", ">=", 0.9),
    "init-small-ram": ("ratio", ">=", 1),
    "init-small-disk": ("ratio", ">=", 1),
    "ptrace-pread": ("ratio", "<=", 0.8),
    "ptrace-open+close": ("ratio", "<=", 0.8),
    "bpf-pread": ("added_ns", "<=", 130),
    "bpf-open+close": ("added_ns", "<=", 450),
    "bpf-getppid": ("added_ns", "<=", 35),
    "bpf-mix": ("ratio", "<=", 1.03),
    "bpf-tar": ("ratio", "<=", 1.2),
    "bpf-grep": ("ratio", "<=", 1.35),
    "bpf-storm": (("lost", "<=", 0), ("consumer_ns", "<=", 250)),
    "bpf-storm-two": (("lost", "<=", 0), ("rate", ">=", 4e6)),
    "capture-zst": ("bytes_per_record", "<=", 12),
}


def judged(name, figures):
    """Targets of a result, and whether each is met."""
    targets = TARGETS.get(name, ())
    if targets and isinstance(targets[0], str):
        targets = (targets,)
    return [dict(figure=figure, target="%s %g" % (sign, value),
                 met=figures[figure] >= value if sign == ">=" else figures[figure] <= value)
            for figure, sign, value in targets if figure in figures]


class Bench(ReplayBenches):
    run = staticmethod(run)
    pss = staticmethod(pss)
    top = TOP

    def __init__(self, args):
        self.args = args
        self.results = []
        self.ram = Ram()
        self.tools = os.path.join(TOP, "build", "bench")
        self.cmd = [os.path.abspath(args.ioriot)]

    def report(self, name, text, **figures):
        targets = judged(name, figures)
        said = "; ".join("%s%s: %s" % (t["figure"] + " " if len(targets) > 1 else "", t["target"],
                                       "met" if t["met"] else "MISSED") for t in targets)
        print("%-22s %s%s" % (name, text, "; target " + said if said else ""), flush=True)
        self.results.append(dict(name=name, text=text, targets=targets, **figures))

    def tool(self, name):
        return os.path.join(self.tools, name)

    def ioriot(self, *args):
        return self.cmd + list(args)

    def make_replay(self, mix, calls):
        """The load as a capture; the directory that it says the load was in, and a name for its replay."""
        work = os.path.join(self.ram.dir, "bare")
        cap = os.path.join(self.ram.base, mix + ".capture")
        rep = os.path.join(self.ram.base, mix + ".replay")
        with open(cap, "w") as f:
            subprocess.run([self.tool("load"), "capture", work, mix, str(calls)], stdout=f,
                           check=True)
        return work, cap, rep

    def pairs(self, first, second):
        ratios = []
        for i in range(self.args.pairs + 1):
            a, b = first(), second()
            if i:  # the first pair warms up
                ratios.append((b / a, a, b))
        values = sorted(r[0] for r in ratios)
        return (statistics.median(values), values[0], values[-1],
                statistics.median(r[1] for r in ratios), statistics.median(r[2] for r in ratios))

    def init_and_analyse(self):
        work, cap, rep = self.make_replay("mixed", 1000000)
        records = sum(1 for _ in open(cap))
        run(self.ioriot("-c", cap, "-r", rep, "-n", "bench", "--root", self.ram.dir, "--quiet"))
        wall, rss = measured(self.ioriot("-a", cap, "--quiet"))
        self.report("analyse-1M", "%.2f M records/s, peak memory %.1f MiB" % (records / wall / 1e6, rss),
                    records_per_s=records / wall, rss_mib=rss)
        wall, rss = measured(self.ioriot("-i", rep, "--root", self.ram.dir, "--quiet"))
        self.report("init-64MiB", "%.2f s, peak memory %.1f MiB" % (wall, rss), seconds=wall,
                    rss_mib=rss)
        os.unlink(cap)
        os.unlink(rep)

    def analyse_long(self):
        """A capture of 10 M records, summed up: plain and packed."""
        cap = os.path.join(self.ram.dir, "long.capture")
        with open(cap, "w") as f:
            subprocess.run(["awk", LONG_CAPTURE], stdout=f, check=True)
        run(["zstd", "-q", "-1", cap, "-o", cap + ".zst"])
        for name, file in (("analyse-10M", cap), ("analyse-10M-zst", cap + ".zst")):
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            wall, rss = measured(self.ioriot("-a", file, "--quiet"))
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
            self.report(name, "%.2f M records/s, %.2f M in a second of processor time, peak memory %.1f MiB" % (
                10 / wall, 10 / cpu, rss), records_per_s=1e7 / wall, records_per_cpu_s=1e7 / cpu, rss_mib=rss)
            os.unlink(file)

    def generate_and_load(self):
        """A long capture, plain and packed, and what it becomes, until the replay could begin."""
        work, cap, rep = self.make_replay("mixed", self.args.lines)
        lines = sum(1 for _ in open(cap, "rb"))
        peak, of_split = [0], []

        def split(file, out, separator):
            """Seconds a line that a bare loop of two threads takes, which splits and copies."""
            if os.path.exists(out) and out != os.devnull:
                os.unlink(out)
            ns, n = map(int, run([self.tool("split"), file, out, separator, "2"]).split())
            return ns / n / 1e9

        def generated(capture):
            wall, rss = measured(self.ioriot("-c", capture, "-r", rep, "-n", "bench", "--root",
                                             self.ram.dir, "--quiet"))
            peak[0] = max(peak[0], rss)
            if capture == cap:
                of_split.append(split(cap, rep + ".split", ";") / (wall / lines))
            return wall

        if shutil.which("zstd"):
            run(["zstd", "-q", "-f", cap])
            ratio, low, high, plain, packed = self.pairs(lambda: generated(cap),
                                                         lambda: generated(cap + ".zst"))
            self.report("generate-zst", "%.3f of the time of the plain capture (%.3f .. %.3f)" % (
                ratio, low, high), ratio=ratio, low=low, high=high)
            os.unlink(cap + ".zst")
        else:
            plain = statistics.median(generated(cap) for _ in range(self.args.pairs))
            self.report("generate-zst", "left out: zstd is not installed")
        share = statistics.median(of_split)
        self.report("generate", "%.2f M lines/s, %.2f of the rate of a bare loop of two threads that splits and copies them, "
                    "peak memory %.1f MiB, %d lines" % (lines / plain / 1e6, share, peak[0], lines),
                    lines_per_s=lines / plain, of_split=share, rss_mib=peak[0])
        os.unlink(cap)
        os.unlink(rep + ".split")
        loads = []
        for _ in range(self.args.pairs):
            row = list(map(int, run([self.tool("loading"), rep, self.ram.dir]).split()))
            loads.append(row + [split(rep, os.devnull, "|") / (row[0] / row[1] / 1e9)])
        ns, ops, most, resident, share = (statistics.median(row[i] for row in loads) for i in range(5))
        self.report("loading", "%.2f M operations/s, %.2f of the rate of a bare loop of two threads that splits and copies "
                    "the lines; %.1f bytes an operation, %.1f at most" % (
                        ops / ns * 1e3, share, resident / ops, most / ops), operations_per_s=ops / ns * 1e9,
                    of_split=share, bytes=resident / ops, peak_bytes=most / ops)
        os.unlink(rep)

    def instructions(self):
        """Not of time: comparable on any machine, however busy it is."""
        if not shutil.which("valgrind"):
            self.report("instructions", "left out: valgrind is not installed")
            return
        work, cap, rep = self.make_replay("mixed", 200000)
        lines = sum(1 for _ in open(cap, "rb"))

        def counted(cmd, *options):
            text = subprocess.run(["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null",
                                   *options, *cmd], stdout=subprocess.DEVNULL, check=True,
                                  stderr=subprocess.PIPE, text=True).stderr
            return int(re.search(r"Collected : (\d+)", text).group(1)) / lines

        made = counted(self.ioriot("-c", cap, "-r", rep, "-n", "bench", "--root", self.ram.dir,
                                   "--quiet"))
        loaded = counted([self.tool("loading"), rep, self.ram.dir])  # its threads together
        self.report("instructions", "generate %.0f a line, loading %.0f an operation" % (
            made, loaded), generate=made, loading=loaded)
        os.unlink(cap)
        os.unlink(rep)

    def ptrace_against_strace(self):
        if not shutil.which("strace"):
            self.report("ptrace", "left out: strace is not installed")
            return
        target = os.path.join(self.ram.dir, "target")
        with open(target, "wb") as f:
            f.write(os.urandom(65536))
        calls = "40000"
        prog = [self.tool("calls"), target, calls]
        out = os.path.join(self.ram.base, "trace.out")
        plain, strace, ours = [], [], []
        for i in range(self.args.pairs + 1):
            row = [run(prog),
                   run(["strace", "-f", "--seccomp-bpf", "-e", "trace=%file,%desc,%process", "-o",
                        out] + prog),
                   run(self.ioriot("-c", out, "--quiet", "--") + prog)]
            if i:
                for text, into in zip(row, (plain, strace, ours)):
                    into.append([int(x) for x in text.split()])
        for k, what in ((0, "pread"), (1, "open+close")):
            added = [(o[k] - p[k]) / max(1, s[k] - p[k]) for p, s, o in zip(plain, strace, ours)]
            mine = statistics.median(o[k] - p[k] for p, o in zip(plain, ours))
            theirs = statistics.median(s[k] - p[k] for p, s in zip(plain, strace))
            self.report("ptrace-%s" % what,
                        "%.3f of the added time of strace -f --seccomp-bpf (%.3f .. %.3f); "
                        "+%.0f ns against +%.0f ns" % (statistics.median(added), min(added),
                                                       max(added), mine, theirs),
                        ratio=statistics.median(added), low=min(added), high=max(added),
                        added_ns=mine, strace_added_ns=theirs)
        os.unlink(out)
        os.unlink(target)

    def capture_size(self):
        """Of version control, an archive and a database: names, much data, and much of the same."""
        work = os.path.join(self.ram.dir, "mix")
        out = os.path.join(self.ram.base, "mix.capture.zst")
        commands = {
            "git": "git init -q g && cp -r src g && cd g && git add . && git -c user.name=b -c "
                   "user.email=b commit -qm b && git gc -q && git log --stat > log && git status -s > s",
            "tar": "tar cf x.tar src && mkdir t && tar xf x.tar -C t && rm -r t",
            "sqlite": sys.executable + " -c '" + SQLITE + "'"}
        os.mkdir(work)
        shutil.copytree(os.path.join(TOP, "src"), os.path.join(work, "src"))
        shutil.copytree(os.path.join(TOP, "tests"), os.path.join(work, "src", "tests"))
        total = records = 0
        parts = []
        for name, command in commands.items():
            if not shutil.which(command.split()[0]):
                self.report("capture-zst", "left out: %s is not installed" % name)
                return
            text = subprocess.run(self.ioriot("-c", out, "--", "sh", "-c", command), cwd=work,
                                  stderr=subprocess.PIPE, text=True, check=True).stderr
            n = int(re.search(r"(\d+) records", text).group(1))
            size = os.path.getsize(out)
            parts.append("%s %.1f" % (name, size / n))
            total, records = total + size, records + n
            os.unlink(out)
        self.report("capture-zst", "%.1f bytes a record (%s; %d records)" % (
            total / records, ", ".join(parts), records), bytes_per_record=total / records)
        shutil.rmtree(work)

    def kernel_records(self):
        """Of processor time: the question is whether one keeps up with 350000 a second."""
        rates = []
        for _ in range(self.args.pairs):
            ns, records, size = map(int, run([self.tool("wire"), "3000000"]).split())
            rates.append(records / ns * 1e9)
        median, low, high = statistics.median(rates), min(rates), max(rates)
        self.report("kernel-records",
                    "%.2f M records decoded and printed in a second of one processor (%.2f .. %.2f), "
                    "%.0f bytes a line" % (median / 1e6, low / 1e6, high / 1e6, size / records),
                    records_per_s=median, low=low, high=high, bytes_per_record=size / records)

    BENCHES = {
        "replay-mixed": lambda self: self.replay_against_loop("mixed"),
        "replay-reads": lambda self: self.replay_against_loop("reads"),
        "threads": ReplayBenches.threads_against_loop,
        "scaling": ReplayBenches.scaling,
        "edges": ReplayBenches.edges,
        "pacing": ReplayBenches.pacing,
        "idle-threads": ReplayBenches.idle_threads,
        "interrupt": ReplayBenches.interrupt,
        "instructions-replay": ReplayBenches.instructions_of_replay,
        "programs": ReplayBenches.programs,
        "init": ReplayBenches.init_rates,
        "init-memory": init_and_analyse,
        "analyse": analyse_long,
        "generate": generate_and_load,
        "instructions": instructions,
        "ptrace": ptrace_against_strace,
        "bpf": bench_bpf.bpf,
        "layers": bench_bpf.layers,
        "capture-size": capture_size,
        "kernel-records": kernel_records,
    }


def machine():
    model = "unknown processor"
    with open("/proc/cpuinfo") as f:
        for line in f:
            if line.startswith("model name"):
                model = line.split(":", 1)[1].strip()
                break
    return {"processor": model, "cpus": os.cpu_count(), "kernel": platform.release(),
            "load": os.getloadavg()[0],
            "memory_mib": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") >> 20}


def main():
    parser = argparse.ArgumentParser(description="measure ioriot")
    parser.add_argument("--ioriot", default=os.path.join(TOP, "ioriot"))
    parser.add_argument("--pairs", type=int, default=7)
    parser.add_argument("--calls", type=int, default=2000000, help="of the loads for replays")
    parser.add_argument("--lines", type=int, default=10000000, help="of the capture for generate")
    parser.add_argument("--json", default=os.path.join(TOP, "build", "bench.json"))
    parser.add_argument("names", nargs="*", metavar="NAME")
    args = parser.parse_args()
    unknown = [name for name in args.names if name not in Bench.BENCHES]
    if unknown:
        parser.error("nothing is called %s; there are: %s" % (", ".join(unknown), " ".join(Bench.BENCHES)))
    for sig in (signal.SIGTERM, signal.SIGHUP):  # what is mounted is taken away
        signal.signal(sig, lambda number, _: sys.exit("bench: ended by signal %d" % number))
    bench = Bench(args)
    host = machine()
    print("machine: %(processor)s, %(cpus)d CPUs, %(memory_mib)d MiB, Linux %(kernel)s, "
          "load %(load).1f" % host)
    try:
        for name in args.names or Bench.BENCHES:
            Bench.BENCHES[name](bench)
    finally:
        bench.ram.close()
    with open(args.json, "w") as f:
        json.dump({"machine": host, "results": bench.results}, f, indent=1)
        f.write("\n")
    print("written: %s" % os.path.relpath(args.json))


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    main()
