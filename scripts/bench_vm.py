#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Measures in the virtual machine of the tests what the SystemTap module costs, as ratios.

usage: scripts/bench_vm.py [--json FILE] [--rounds N] [--scale X]

In each of N rounds the same program makes the same calls untraced, recorded by the module (ioriot -x), and
recorded as text by probes written as scripts on SystemTap's tapset are (tests/vm/text_probes.stp). The
machine is QEMU without KVM: only ratios of one run mean something. Its two processors are one in truth, so
that a reader takes its time from the program; it is therefore stopped while the program runs, and started
again for what is called "live". The same is done with each layer of -L, the reader stopped. Prints a line for
each kind of call: what the calls take longer, as a fraction of their time untraced, least of all rounds and
median. It is looked that the calls were recorded: when the module missed one, nothing is told. Status 1 then,
and when it cost more than it may with the reader stopped; that it does so with the reader running, which is a
matter of this machine as well, is told.
"""
import argparse
import collections
import json
import os
import pathlib
import platform
import re
import statistics
import subprocess
import sys
import tempfile

SOURCE = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(SOURCE / "tests/vm"))
sys.dont_write_bytecode = True
import image  # noqa: E402

# rounds of tests/vm/storm.c, and what the module may add at most
MODES = {"getppid": (20000, None), "pread": (10000, 1.4), "open": (3000, 0.5), "stat": (3000, None),
         "mix": (200, 0.15)}
TURNS = 4  # in a round: short ones, so that some are not disturbed
RECORDED = ("pread", "open", "stat", "mix")  # modes of which the job counts a call of each round
VARIANTS = ("stopped", "text", "live", "text-live")
NAMES = {"stopped": "module", "text": "text", "live": "module live", "text-live": "text live"}
LAYERS = ("sys", "block", "cache", "cache=64", "cache=0", "fault", "net,conn,poll,sockopt,retrans", "proc", "uring",
          "all")
CALLS = ("pread64 pwrite64 read write writev preadv fdatasync mkdir rename openat close newfstatat "
         "newfstat fstat lseek ftruncate unlink").split()


def text_probes():
    """The module of text_probes.stp; the runtime is the one of our own modules."""
    rel, ours = image.release(), image.modules()[0].parent
    source = SOURCE / "tests/vm/text_probes.stp"

    def make(path):
        image.say("building text_probes.ko")
        tree = path.parent / "tree"
        image.run("cp", "-rs", f"/usr/src/linux-headers-{rel}/.", str(tree))
        # Only the names count: SystemTap hooks functions by name where it knows that they exist.
        names = ["_stext"] + [f"__x64_sys_{call}" for call in CALLS]
        (tree / "System.map").write_text("".join(f"{0xffffffff81000000 + i * 16:x} T {name}\n"
                                                 for i, name in enumerate(names)))
        image.run("stap", "-g", "--suppress-time-limits", "-p4", "-R", str(ours / "runtime"), "-r", str(tree),
                  "-m", "text_probes", str(source), cwd=path.parent,
                  env=dict(os.environ, SYSTEMTAP_NOSIGN="1", SYSTEMTAP_DIR=str(path.parent / "cache")))
        (path.parent / "text_probes.ko").rename(path)

    key = image.checksum({"text_probes.stp": str(source)}, rel, repr(CALLS))
    return image.cached(f"text_probes-{key}.ko", make)


def run_job(rounds, scale):
    """What the job printed."""
    with tempfile.TemporaryDirectory(prefix="ioriot-bench.") as name:
        job, out = pathlib.Path(name) / "job", pathlib.Path(name) / "out"
        job.mkdir()
        (job / "job.sh").write_text((SOURCE / "tests/vm/jobs/bench.sh").read_text())
        (job / "layers").write_text("".join(f"{layers}\n" for layers in LAYERS))
        (job / "rounds").write_text(f"{rounds}\n")
        (job / "modes").write_text("".join(f"{mode} {int(n * scale)}\n" for mode, (n, _) in MODES.items())
                                    * TURNS)
        (job / "text_probes.ko").write_bytes(text_probes().read_bytes())
        image.run("cc", "-O2", "-static", "-pthread", "-o", str(job / "storm"),
                  str(SOURCE / "tests/vm/storm.c"))
        subprocess.run([SOURCE / "tests/vm/run_guest", "--time-limit", "2400", job, out], check=True)
        return (out / "job.log").read_text()


def read(log, args):
    """({variant: {mode: [ns]}}, {variant: calls that are missing}, how many calls, {layers: [records]}). Failed when a
    turn was not what it says."""
    times = collections.defaultdict(lambda: collections.defaultdict(list))
    missing, turns, wrong = collections.Counter(), collections.Counter(), []
    records = collections.defaultdict(list)
    wanted = [int(MODES[mode][0] * args.scale) * TURNS for mode in RECORDED]
    for line in log.splitlines():
        if m := re.fullmatch(r"\d+ (\S+) (\S+) ([\d.]+) \d+", line):
            times[m[1]][m[2]].append(float(m[3]))
        elif m := re.fullmatch(r"records \d+ (\S+) (\d+) (\d+) (\d+) (\d+) lost (\d*)", line):
            turns[m[1]] += 1
            found = [int(n) for n in m.groups()[1:5]]
            missing[m[1]] += sum(wanted) - sum(found)
            # What was not recorded cost nothing: such a turn must not count.
            if not m[1].startswith("text") and (found != wanted or m[6] != "0"):
                wrong.append(f"{line}, wanted {wanted} and 0")
        elif m := re.fullmatch(r"layers \d+ (\S+) records (\d+) lost (\d+)", line):
            records[m[1]].append(int(m[2]))
            if m[3] != "0":
                wrong.append(line)
        elif not line.startswith("ok "):
            wrong.append(line)
    wrong += [f"{turns[v]} turns of {NAMES[v]}" for v in VARIANTS if turns[v] != args.rounds]
    wrong += [f"{len(times[v][mode])} times of {v} {mode}" for v in ("none",) + VARIANTS + LAYERS for mode in MODES
              if len(times[v][mode]) != args.rounds * TURNS]
    if wrong:
        raise image.Failed("not everything was recorded, so nothing is told: " + "; ".join(wrong[:5]))
    return times, missing, sum(wanted) * args.rounds, records


def added(times, variant, mode):
    """Least and median of what is added, in relation to untraced calls."""
    base, traced = times["none"][mode], times[variant][mode]
    return (min(traced) / min(base) - 1, statistics.median(traced) / statistics.median(base) - 1)


def main():
    parser = argparse.ArgumentParser(usage=__doc__.split("\n\n")[1])
    parser.add_argument("--json", type=pathlib.Path)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--scale", type=float, default=1)
    args = parser.parse_args()
    try:
        times, missing, calls, records = read(run_job(args.rounds, args.scale), args)
    except (image.Failed, image.Impossible, subprocess.CalledProcessError) as e:
        print(f"bench-vm: {e}", file=sys.stderr)
        return 1
    missed = {"module": [], "module live": []}
    result = {"machine": f"qemu tcg guest, one thread, on {platform.processor() or platform.machine()}",
              "kernel": image.release(), "rounds": args.rounds, "turns": TURNS, "modes": {},
              "calls_looked_for": calls, "missing": {NAMES[v]: missing[v] for v in VARIANTS}}
    print(f"# added to the time of calls, least (median) of {args.rounds} rounds of {TURNS}; {result['machine']}, "
          f"Linux {result['kernel']}")
    for mode, (_, most) in MODES.items():
        base = times["none"][mode]
        cells = {NAMES[v]: added(times, v, mode) for v in VARIANTS}
        result["modes"][mode] = {"untraced_ns": {"min": min(base), "median": statistics.median(base)},
                                 "added": {name: {"min": round(low, 3), "median": round(mid, 3)}
                                           for name, (low, mid) in cells.items()}}
        print(f"{mode:8} {min(base):9.0f} ns" +
              "".join(f"   {name} {low:+.2f} ({mid:+.2f})" for name, (low, mid) in cells.items()))
        for name in ("module", "module live"):
            if most is not None and cells[name][0] > most:
                missed[name].append(f"{mode}: {name} adds {cells[name][0]:.2f}, more than {most}")
    result["layers"] = {}
    for layers in LAYERS:
        low, mid = added(times, layers, "mix")
        result["layers"][layers] = {"min": round(1 + low, 3), "median": round(1 + mid, 3),
                                    "records": statistics.median(records[layers])}
        print(f"mix, -L {layers:30} {1 + low:.3f} ({1 + mid:.3f}) of the time untraced, "
              f"{statistics.median(records[layers]):.0f} records")
    print("missing  " + "   ".join(f"{NAMES[v]} {missing[v]} of {calls}" for v in VARIANTS))
    if args.json:
        args.json.parent.mkdir(parents=True, exist_ok=True)
        args.json.write_text(json.dumps(dict(result, missed=missed), indent=2) + "\n")
    for sentence in missed["module"] + missed["module live"]:
        print(f"not met: {sentence}")
    return 1 if missed["module"] else 0


if __name__ == "__main__":
    sys.exit(main())
