# SPDX-License-Identifier: Apache-2.0
"""What bench.py measures of the replay and of init: against bare loops, programs, tar and dd."""
import json
import os
import re
import resource
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time

HEADER = "#|replay_version=4|name=%s|layout=root|id=0123456789abcdef|\n"

PROGRAMS = {
    # name: (what there is before, the program, layout of its replay)
    "git-gc": ("git init -q . && cp -r $SRC src && for i in 1 2 3 4 5 6; do for f in src/*/*.c; do "
               "echo $i >> $f; done; git add . && git -c user.name=b -c user.email=b commit -qm $i; "
               "done", "git -c gc.auto=0 -c pack.threads=1 gc -q"),
    "tar": ("for i in $(seq 1 24); do cp -r $SRC src$i; done", "tar cf x.tar --exclude=x.tar ."),
    "sqlite": ("", "sqlite3 db < ../sqlite.sql"),
}
FIO = ["fio", "--name=r", "--ioengine=psync", "--rw=randread", "--bs=4k", "--size=256M", "--filename=data",
       "--norandommap", "--invalidate=0", "--randrepeat=1", "--thread", "--output-format=json",
       "--output=../fio.json"]
SQL = "create table t(a integer primary key, b text);\n" + "".join(
    "begin;\n%scommit;\n%s" % ("".join("insert into t(b) values('%s');\n" % ("x" * (k * 7 % 97)) for k in range(10)),
                               "select count(b) from t where a > %d;\n" % (i * 10)) for i in range(1500))


def run_times(pid):
    """Of each thread of a process: ns that it has run for."""
    times = {}
    for task in os.listdir("/proc/%d/task" % pid):
        with open("/proc/%d/task/%s/schedstat" % (pid, task)) as f:
            times[task] = int(f.read().split()[0])
    return times


class ReplayBenches:
    """The part of Bench (bench.py) that runs replays and init."""

    def init(self, rep):
        """A fresh tree, and no other one."""
        shutil.rmtree(os.path.join(self.ram.dir, ".ioriot"), ignore_errors=True)
        self.run(self.ioriot("-i", rep, "--root", self.ram.dir, "--quiet"))

    def stats(self, rep, *options, diverges=False):
        """Statistics of one run; "cpu" are seconds of processor time, those of loading included."""
        out = os.path.join(self.ram.base, "stats.json")
        cmd = self.ioriot("-r", rep, "-D", "--quiet", "--root", self.ram.dir, "--json", out, *options)
        child = subprocess.Popen(cmd, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        said = child.stderr.read().decode()
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        if child.returncode not in (0, 3):
            sys.exit("bench: %s: status %d\n%s" % (" ".join(cmd), child.returncode, said))
        with open(out) as f:
            stats = json.load(f)
        if stats["divergences"] and not diverges:
            sys.exit("bench: the replay diverged %d times" % stats["divergences"])
        stats["cpu"] = usage.ru_utime + usage.ru_stime
        return stats

    def ns_a_call(self, rep, procs, threads):
        stats = self.stats(rep, "-p", str(procs), "-t", str(threads))
        return stats["seconds"] * 1e9 / stats["operations"]

    def bare_ns(self, *args, kind=("run",)):
        ns, calls = map(int, self.run([self.tool("load"), *kind, *map(str, args)]).split())
        return ns / calls

    # ---- against a bare loop ----

    def rounds(self, count, *runs):
        """
        All of them in each round, each with nothing left to be written, in turns from the first on and from the last
        on, and who begins goes round: none is always behind the same one. [[figure]]
        """
        rows = []
        for i in range(count + 1):
            order = [(i // 2 + k) % len(runs) for k in range(len(runs))]
            row = [None] * len(runs)
            for at in order if i % 2 else reversed(order):
                os.sync()
                row[at] = runs[at]()
            if i:  # the first round warms up
                rows.append(row)
        return rows

    def replay_against_loop(self, mix):
        """All in the same tree: what its pages in the cache are like decides as much as who reads them."""
        work, cap, rep = self.make_replay(mix, self.args.calls)
        self.run(self.ioriot("-c", cap, "-r", rep, "-n", "bench", "--root", self.ram.dir, "--quiet"))
        self.init(rep)
        top = os.path.join(self.ram.dir, ".ioriot", "bench")
        tree = top + work
        rows = self.rounds(2 * self.args.pairs, lambda: self.bare_ns(tree, mix, self.args.calls),
                           lambda: self.bare_ns(tree, mix, self.args.calls, kind=("confined", top)),
                           lambda: self.ns_a_call(rep, 1, 1))
        ratios = sorted(bare / ours for bare, _, ours in rows)
        ratio, limit = statistics.median(ratios), statistics.median(confined / ours for _, confined, ours in rows)
        own_ns = statistics.median(ours - confined for _, confined, ours in rows)
        bare, confined, ours = (statistics.median(row[i] for row in rows) for i in range(3))
        best = [min(row[i] for row in rows) for i in range(3)]
        counter = int(self.run([self.tool("calls"), "counter", str(self.args.calls)]))
        self.report("replay-%s" % mix,
                    "%.3f of the bare loop's rate (%.3f .. %.3f), %.3f of that of one which Landlock confines as the "
                    "replay, %.0f ns more, %d of them for a look at the counter; %.0f ns a call against %.0f ns and %.0f ns, "
                    "at best %.0f against %.0f and %.0f; -p 1 -t 1, %s"
                    % (ratio, ratios[0], ratios[-1], limit, own_ns, counter, ours, bare, confined, best[2], best[0], best[1],
                       self.ram.kind),
                    ratio=ratio, low=ratios[0], high=ratios[-1], of_confined=limit, own_ns=own_ns, counter_ns=counter,
                    ns=ours, bare_ns=bare, confined_ns=confined,
                    best_ns=best[2], best_bare_ns=best[0], best_confined_ns=best[1])
        os.unlink(cap)
        os.unlink(rep)

    def threads_replay(self, mix, calls, procs, threads):
        """Virtual threads with files of their own; the replay and its tree."""
        rep = os.path.join(self.ram.base, "threads.replay")
        with open(rep, "w") as f:
            subprocess.run([self.tool("load"), "replay", self.ram.dir, "threads", mix, str(calls), str(procs),
                            str(threads)], stdout=f, check=True)
        self.init(rep)
        return rep, os.path.join(self.ram.dir, ".ioriot", "threads")

    def threads_against_loop(self):
        for procs, threads in ((2, 8), (4, 128)):
            rep, tree = self.threads_replay("mixed", self.args.calls, procs, threads)
            ratio, low, high, bare, ours = self.pairs(
                lambda: self.bare_ns(tree, "mixed", self.args.calls, procs * threads, 2),
                lambda: self.ns_a_call(rep, procs, threads))
            self.report("replay-p%d-t%d" % (procs, threads),
                        "%.3f of the rate of the bare loop on 2 threads (%.3f .. %.3f); %.0f ns a call against %.0f ns"
                        % (1 / ratio, 1 / high, 1 / low, ours, bare), ratio=1 / ratio, low=1 / high, high=1 / low,
                        ns=ours, bare_ns=bare)
            os.unlink(rep)

    def scaling(self):
        calls = self.args.calls // 4

        def storm(n):
            """Of N processes that share nothing, each with as many calls."""
            made = [subprocess.Popen([self.tool("calls"), "storm", str(calls * 4)], stdout=subprocess.PIPE)
                    for _ in range(n)]
            return max(int(child.communicate()[0]) for child in made) / n

        machine = self.pairs(lambda: storm(2), lambda: storm(1))[0]
        self.report("scale-machine", "2 processes that share nothing make %.2f of the calls of one" % machine,
                    ratio=machine)
        for mix in ("reads", "mixed"):
            rep, tree = self.threads_replay(mix, 2 * calls, 2, 4)
            cpu = {}

            def ours(procs, threads):
                s = self.stats(rep, "-p", str(procs), "-t", str(threads))
                cpu.setdefault((procs, threads), []).append(s["cpu"] * 1e9 / s["operations"])
                return s["seconds"]

            rows = self.rounds(self.args.pairs, lambda: self.bare_ns(tree, mix, 2 * calls, 8, 1),
                               lambda: self.bare_ns(tree, mix, 2 * calls, 8, 2),
                               lambda: ours(1, 1), lambda: ours(2, 1), lambda: ours(1, 2))
            bare = statistics.median(row[0] / row[1] for row in rows)
            for name, at, layout in (("workers", 3, (2, 1)), ("threads", 4, (1, 2))):
                ratios = sorted(row[2] / row[at] for row in rows)
                ratio = statistics.median(ratios)
                of_bare = statistics.median(row[2] / row[at] / (row[0] / row[1]) for row in rows)
                more = statistics.median(a - b for a, b in zip(cpu[layout], cpu[1, 1]))
                self.report("scale-%s-%s" % (mix, name), "2 %s make %.2f of the rate of one (%.2f .. %.2f), 2 threads "
                            "of the bare loop %.2f; in the same round %.2f of what those gain; %.0f ns more of a processor "
                            "a call" % (name, ratio, ratios[0], ratios[-1], bare, of_bare, more),
                            ratio=ratio, low=ratios[0], high=ratios[-1], bare=bare, of_bare=of_bare, more_cpu_ns=more)
            os.unlink(rep)

    def instructions_of_replay(self):
        """Ours, the kernel's not: the difference between two lengths, so that what is done once is not in it."""
        if not shutil.which("valgrind"):
            self.report("instructions-replay", "left out: valgrind is not installed")
            return
        made = {}
        for mix in ("reads", "mixed"):
            counted = []
            for calls in (20000, 40000):
                rep, _ = self.threads_replay(mix, calls, 1, 1)
                text = subprocess.run(["valgrind", "--tool=callgrind", "--trace-children=yes", "--toggle-collect=thread_main",
                                       "--callgrind-out-file=/dev/null", self.tool("ioriot"), "-r", rep, "-D", "--quiet",
                                       "--root", self.ram.dir, "-p", "1", "-t", "1"], stdout=subprocess.DEVNULL,
                                      check=True, stderr=subprocess.PIPE, text=True).stderr
                counted.append(sum(map(int, re.findall(r"Collected : (\d+)", text))))
                os.unlink(rep)
            made[mix] = (counted[1] - counted[0]) / 20000
        self.report("instructions-replay", "%.0f a cached read, %.0f a mixed operation, latency recorded" % (
            made["reads"], made["mixed"]), reads=made["reads"], mixed=made["mixed"])

    # ---- order ----

    def written(self, name, lines, init):
        """A replay of these lines, without their labels; its tree is ready."""
        rep = os.path.join(self.ram.base, name + ".replay")
        with open(rep, "w") as f:
            f.write(HEADER % name)
            for i, line in enumerate(lines):
                f.write("%s@%d|\n" % (line, i + 2))
            f.write("#INIT\n%s\n#END\n" % init)
        self.init(rep)
        return rep

    def edges(self):
        """Two threads write and read one file in turns."""
        n = self.args.calls // 100
        path = "%s/.ioriot/edges/f" % self.ram.dir
        lines = ["0+500|%d|0|-|%s|O_RDWR|0|>%d|3|open" % (k, path, k) for k in range(2)]
        init = "file|0644|0|0|4096|0+4096|%s|" % path
        for i in range(n):
            lines.append("%d+500|%d|0|%s|%d|8|0|8|%s" % (1000 * (i + 1), i % 2, i + 3 if i else "-", i % 2,
                                                       "pread64" if i % 2 else "pwrite64"))
        rep = self.written("edges", lines, init)
        both = [(self.stats(rep, "-p", "1", "-t", "1")["seconds"] * 1e9 / n,
                 self.stats(rep, "-p", "1", "-t", "2")["seconds"] * 1e9 / n) for _ in range(3 * self.args.pairs)]
        ns = statistics.median(b for _, b in both)
        free = min(b for _, b in both)
        turns = [list(map(int, self.run([self.tool("calls"), "turns", str(min(n, 2000))]).split()))
                 for _ in range(self.args.pairs)]
        asleep, looking = min(t[0] for t in turns), min(t[1] for t in turns)
        self.report("edges", "%.0f ns an edge with its call, when both processors were free: the best of %d runs, of %.0f ns "
                    "at most and %.0f in the median; %.0f ns for the call alone; two threads in turns that do nothing else, at "
                    "best: %d ns when they sleep, %d when they look for their turn all the time" % (
                        free, len(both), max(b for _, b in both), ns, min(a for a, _ in both), asleep, looking),
                    free_ns=free, ns=ns, sleeping_turn_ns=asleep, looking_turn_ns=looking)
        os.unlink(rep)
        # a wait of 1 ms: what it costs the one who waits
        cpu = {}
        for waiters in (0, 1):
            lines = ["0+500|%d|0|-|%s|O_RDWR|0|>%d|3|open" % (k, path, k) for k in range(2)]
            for i in range(500):
                lines.append("%d+500|0|0|-|0|8|0|8|pwrite64" % (1000000 * (i + 1)))
                if waiters:
                    lines.append("%d+500|1|0|%d|1|8|0|8|pread64" % (1000000 * (i + 1), len(lines) + 1))
            rep = self.written("edges", lines, init)
            cpu[waiters] = statistics.median(self.stats(rep, "-p", "1", "-t", "2", "-s", "1")["cpu"]
                                             for _ in range(self.args.pairs))
            os.unlink(rep)
        us = (cpu[1] - cpu[0]) / 500 * 1e6
        self.report("edges-waiting", "a wait of 1 ms takes %.1f us of a processor, its call and wake-up included" % us,
                    cpu_us=us)

    # ---- time ----

    def pacing(self):
        gap, took = 50000, 1000
        path = "%s/.ioriot/paced/f" % self.ram.dir
        runs = (("pace-s1", 10, ("-s", "1"), 1), ("pace-s0.5", 2, ("-s", "0.5"), 0.5), ("pace-s4", 4, ("-s", "4"), 4),
                ("pace-think", 2, ("--pace=think",), None))
        for name, seconds, options, speed in runs:
            n = seconds * 20000
            lines = ["0+%d|0|0|-|%s|O_RDWR|0|>0|3|open" % (took, path)]
            lines += ["%d+%d|0|0|-|0|4096|%d|4096|pread64" % (gap * i, took, i % 64 * 4096) for i in range(1, n)]
            rep = self.written("paced", lines, "file|0644|0|0|262144|0+262144|%s|" % path)
            base = statistics.median(self.stats(rep, "-p", "1", "-t", "1")["cpu"] for _ in range(3))
            rows, bare, reading = [], [], []
            wait = int(gap / speed) if speed else gap - took
            for _ in range(self.args.pairs):
                for into, file in ((bare, ()), (reading, (path,))):
                    into.append(int(self.run([self.tool("calls"), "sleeps", "20000", str(wait), *file])) / wait * 100)
                s = self.stats(rep, "-p", "1", "-t", "1", *options)
                if speed:
                    ideal = s["captured_seconds"] / speed
                else:
                    ideal = s["thread_seconds"]["calls"] + (n - 1) * (gap - took) / 1e9
                late = s["lateness_ns"]
                rows.append((abs(s["seconds"] / ideal - 1) * 100, late["p50"] / 1e3, late["p99"] / 1e3,
                             (s["cpu"] - base) / s["seconds"] * 100))
            drift, p50, p99, cpu = (statistics.median(r[i] for r in rows) for i in range(4))
            limit, with_reads = statistics.median(bare), statistics.median(reading)
            self.report(name, "drift %.4f %% of the time at the end (at most %.4f), late p50 %.1f us, p99 %.1f us; pacing "
                        "took %.1f %% of a processor, sleeps alone take %.1f %%, and what they make the same reads slower "
                        "%.1f %%" % (drift, max(r[0] for r in rows), p50, p99, cpu, limit, with_reads - limit),
                        drift_percent=drift, p50_us=p50, p99_us=p99, cpu_percent=cpu, sleeps_percent=limit,
                        sleeps_and_reads_percent=with_reads)
            os.unlink(rep)

    def idle_threads(self):
        """What 511 virtual threads more cost that hardly do anything, while one keeps to the clock."""
        used = {}
        for n in (1, 512):
            lines = ["%d+500|%d|0|-|%s/.ioriot/idle|0|stat" % (step * 1000000000, k, self.ram.dir)
                     for step in range(3) for k in range(n)]
            rep = self.written("idle", lines, "dir|0755|0|0|%s/.ioriot/idle/d|" % self.ram.dir)
            child = subprocess.Popen(self.ioriot("-r", rep, "-p", "1", "-t", str(n), "-s", "1",
                                                 "--quiet", "-D", "--root", self.ram.dir),
                                     stdout=subprocess.DEVNULL)
            time.sleep(1.3)
            pids = [child.pid] + list(map(int, self.children(child.pid)))
            before = run_times(pids[1])
            time.sleep(0.2)
            after = run_times(pids[1])
            idle_ns = sum(after[task] - ns for task, ns in before.items())
            used[n] = sum(self.pss(pid) for pid in pids)
            _, status, usage = os.wait4(child.pid, 0)
            child.returncode = os.waitstatus_to_exitcode(status)
            if status:
                sys.exit("bench: the replay of idle threads: status %d" % child.returncode)
            cpu = usage.ru_utime + usage.ru_stime
            os.unlink(rep)
        each = (used[512] - used[1]) / 511
        self.report("idle-threads", "%.1f KiB a thread; 512 of them took %d ns of a processor in 0.2 s in which none had "
                    "anything to do, and %.0f ms in 2 s, their making included" % (each, idle_ns, cpu * 1e3), kib=each,
                    idle_ns=idle_ns, cpu_s=cpu)

    def interrupt(self):
        """Ctrl-C, while two threads do what they can; until the statistics are written."""
        out = os.path.join(self.ram.base, "stats.json")
        rep, _ = self.threads_replay("mixed", 3 * self.args.calls, 2, 4)
        took = []
        for _ in range(self.args.pairs):
            child = subprocess.Popen(self.ioriot("-r", rep, "-D", "--quiet", "--root", self.ram.dir, "--json", out, "-p", "2",
                                                 "-t", "1"), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            while len(self.children(child.pid)) < 2:
                time.sleep(0.01)
            time.sleep(0.3)
            start = time.monotonic()
            child.send_signal(signal.SIGINT)
            child.wait()
            took.append(time.monotonic() - start)
            with open(out) as f:
                if json.load(f)["complete"]:
                    sys.exit("bench: the replay was over before it was interrupted")
        most, median = max(took), statistics.median(took)
        self.report("interrupt", "%.3f s from Ctrl-C until the statistics are there, at most %.3f s" % (median, most),
                    seconds=median, most_s=most)
        os.unlink(rep)

    @staticmethod
    def children(pid):
        with open("/proc/%d/task/%d/children" % (pid, pid)) as f:
            return f.read().split()

    # ---- programs ----

    def own_capture(self, name, prepare, command, layout, timed):
        """
        The program in a fresh directory, and its replay in a fresh tree, in turns. TIMED runs it and
        gives its elapsed seconds, and those in the kernel or waiting.
        """
        work = os.path.join(self.ram.dir, name)
        cap, rep = (os.path.join(self.ram.base, name + end) for end in (".capture", ".replay"))
        env = dict(os.environ, SRC=os.path.join(self.top, "src"), HOME=self.ram.base, GIT_CONFIG_NOSYSTEM="1",
                   LC_ALL="C")

        def fresh():
            shutil.rmtree(work, ignore_errors=True)
            shutil.copytree(kept, work, symlinks=True)
            os.sync()

        kept = os.path.join(self.ram.base, name + ".kept")
        os.mkdir(kept)
        subprocess.run(["sh", "-ec", prepare], cwd=kept, env=env, check=True)
        fresh()
        subprocess.run(self.ioriot("-c", cap, "--quiet", "--", *command), cwd=work, env=env, check=True,
                       stdout=subprocess.DEVNULL)
        self.run(self.ioriot("-c", cap, "-r", rep, "-n", name, "--root", self.ram.dir, "--quiet"))
        rows = []
        for i in range(self.args.pairs + 1):
            fresh()
            elapsed, io = timed(work, env)
            self.init(rep)
            s = self.stats(rep, *layout, diverges=True)
            if i:
                rows.append((s["seconds"] / elapsed, s["seconds"] / io, s["seconds"], elapsed, io, s["divergences"],
                             s["operations"]))
        ratio, of_io, ours, elapsed, io, diverged, ops = (statistics.median(r[i] for r in rows) for i in range(7))
        self.report("program-%s" % name,
                    "%.3f of the program's time in the kernel (%.3f .. %.3f), %.3f of all of its time; %.3f s against %.3f "
                    "s of %.3f s; %d operations, %d divergences" % (of_io, min(r[1] for r in rows), max(r[1] for r in rows),
                                                                  ratio, ours, io, elapsed, ops, diverged),
                    ratio=ratio, of_io=of_io, seconds=ours, program_seconds=elapsed, program_io_seconds=io,
                    operations=ops, divergences=diverged)
        shutil.rmtree(work)
        shutil.rmtree(kept)
        shutil.rmtree(os.path.join(self.ram.dir, ".ioriot"))
        os.unlink(cap)
        os.unlink(rep)

    def programs(self):
        def run_program(command):
            def timed(work, env):
                start, before = time.monotonic(), resource.getrusage(resource.RUSAGE_CHILDREN)
                subprocess.run(command, cwd=work, env=env, check=True, stdout=subprocess.DEVNULL)
                elapsed, after = time.monotonic() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
                return elapsed, elapsed - (after.ru_utime - before.ru_utime)
            return timed

        def run_fio(work, env):
            # its own time of the job: what comes before is no I/O
            subprocess.run(FIO + reads, cwd=work, env=env, check=True)
            with open(os.path.join(self.ram.dir, "fio.json")) as f:
                job = json.load(f)["jobs"][0]
            elapsed = job["read"]["total_ios"] / job["read"]["iops"]
            return elapsed, elapsed

        with open(os.path.join(self.ram.dir, "sqlite.sql"), "w") as f:
            f.write(SQL)
        reads = ["--io_size=%d" % (self.args.calls // 8 * 4096)]
        self.own_capture("fio", "head -c 268435456 /dev/urandom > data", FIO + reads, ("-p", "1", "-t", "8"), run_fio)
        for name, (prepare, command) in PROGRAMS.items():
            command = ["sh", "-c", command]
            self.own_capture(name, prepare, command, ("-p", "4", "-t", "4"), run_program(command))

    # ---- init ----

    def init_against(self, name, place, rep, other, text):
        """Both until everything is on the disk; the replay's own rate is what is compared."""
        def timed(cmd, shell_cwd):
            start = time.monotonic()
            subprocess.run(cmd, cwd=shell_cwd, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            return time.monotonic() - start

        def theirs():
            work = os.path.join(place, "other")
            shutil.rmtree(work, ignore_errors=True)
            os.mkdir(work)
            os.sync()
            return timed(["sh", "-ec", other], work)

        def ours():
            shutil.rmtree(os.path.join(place, ".ioriot"), ignore_errors=True)
            os.sync()
            return timed(self.ioriot("-i", rep, "--root", place, "--quiet"), place)

        ratio, low, high, our_s, their_s = self.pairs(ours, theirs)
        self.report(name, text % (ratio, low, high, our_s, their_s), ratio=ratio, low=low, high=high, seconds=our_s,
                    other_seconds=their_s)

    def init_rates(self):
        disk = tempfile.mkdtemp(prefix="ioriot-bench-", dir="/var/tmp")
        os.chmod(disk, 0o755)
        try:
            for where, place in (("ram", self.ram.dir), ("disk", disk)):
                self.init_in(where, place)
        finally:
            shutil.rmtree(disk)

    def init_in(self, where, place):
        source = os.path.join(self.ram.base, "source")
        rep = os.path.join(self.ram.base, "init.replay")
        mib = 256
        with open(source, "wb") as f:
            for _ in range(mib):
                f.write(os.urandom(1 << 20))
        tree = "%s/.ioriot/filled" % place
        with open(rep, "w") as f:
            f.write(HEADER % "filled" + "0+500|0|0|-|%s|0|stat@2|\n#INIT\n" % tree)
            for i in range(2):
                f.write("file|0644|0|0|%d|0+%d|%s/large%d|\n" % (mib << 19, mib << 19, tree, i))
            f.write("#END\n")
        # what dd reads is in memory
        self.init_against("init-large-%s" % where, place, rep, "dd if=%s of=large bs=1M conv=fsync" % source,
                          "%%.2f of dd's write rate, to the disk (%%.2f .. %%.2f); %%.2f s for %d MiB against %%.2f s" % mib)
        os.unlink(source)
        tar = os.path.join(self.ram.base, "small.tar")
        many = os.path.join(self.ram.base, "many")
        with open(rep, "w") as f:
            f.write(HEADER % "small" + "0+500|0|0|-|%s/.ioriot/small|0|stat@2|\n#INIT\n" % place)
            for d in range(200):
                os.makedirs("%s/d%d" % (many, d))
                f.write("dir|0755|0|0|%s/.ioriot/small/d%d|\n" % (place, d))
                for i in range(100):
                    size = i * 37 % 4096
                    with open("%s/d%d/f%d" % (many, d, i), "wb") as small:
                        small.write(os.urandom(size))
                    f.write("file|0644|0|0|%d|%s|%s/.ioriot/small/d%d/f%d|\n" % (
                        size, "0+%d" % size if size else "-", place, d, i))
            f.write("#END\n")
        self.run(["tar", "cf", tar, "-C", many, "."])
        shutil.rmtree(many)
        self.init_against("init-small-%s" % where, place, rep, "tar xf %s && sync -f ." % tar,
                          "%.2f of tar's rate, to the disk (%.2f .. %.2f); %.2f s for 20000 files against %.2f s")
        os.unlink(tar)
        os.unlink(rep)
