#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A replay that takes an hour, watched: nothing of it may grow.

After the first tenth of the time the memory that each process has for itself and its descriptors are
looked at; at the end neither may be more than a little above that. The operations are those of the bench
(tests/bench/load.c), kept to the clock.

usage: replay.py [--ioriot PATH] [--seconds N] [--rate N]
"""
import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
LOAD = os.path.join(TOP, "build", "bench", "load")
SLACK_KIB = 256
SLACK_FDS = 8


def private_kib(pid):
    """What was written and is nobody else's."""
    with open("/proc/%d/smaps_rollup" % pid) as f:
        return int(re.search(r"^Private_Dirty: *(\d+)", f.read(), re.M).group(1))


def look(child):
    """The processes of the replay: memory and descriptors of each."""
    pids = [child] + list(map(int, subprocess.run(["pgrep", "-P", str(child)], check=False,
                                                  stdout=subprocess.PIPE).stdout.split()))
    seen = {}
    for pid in pids:
        try:
            seen[pid] = (private_kib(pid), len(os.listdir("/proc/%d/fd" % pid)))
        except (FileNotFoundError, ProcessLookupError):
            pass  # it has just ended
    return seen


def make_replay(ioriot, place, rate, seconds):
    """A capture of one operation a microsecond, and by how much it must be slowed down."""
    work = os.path.join(place, "bare")
    capture, replay = os.path.join(place, "c"), os.path.join(place, "r.replay")
    os.mkdir(work)
    with open(capture, "w") as f:
        subprocess.run([LOAD, "capture", work, "mixed", str(rate * seconds)], stdout=f, check=True)
    common = ["--root", place, "--quiet"]
    subprocess.run([ioriot, "-c", capture, "-r", replay, "-n", "soak"] + common, check=True)
    subprocess.run([ioriot, "-i", replay] + common, check=True)
    os.unlink(capture)
    return replay, rate / 1e6


def watch(child, seconds):
    """Prints a line now and then; how many of the values grew."""
    start = time.monotonic()
    first, last, told = {}, {}, 0
    while child.poll() is None:
        now = time.monotonic() - start
        for pid, values in look(child.pid).items():
            last[pid] = values
            if now < seconds / 10:
                first[pid] = values
        if now >= told:
            print("%6.0f s  %s" % (now, "  ".join("%d KiB, %d descriptors" % v
                                                  for v in last.values())), flush=True)
            told += max(seconds / 20, 1)
        time.sleep(min(1, seconds / 100))
    grown = [pid for pid in first
             if last[pid][0] > first[pid][0] + SLACK_KIB or last[pid][1] > first[pid][1] + SLACK_FDS]
    if len(first) < 2:
        sys.exit("soak: the processes of the replay were not seen")
    return grown, time.monotonic() - start


def main():
    parser = argparse.ArgumentParser(description="watch a long replay")
    parser.add_argument("--ioriot", default=os.path.join(TOP, "ioriot"))
    parser.add_argument("--seconds", type=int, default=3600)
    parser.add_argument("--rate", type=int, default=2000, help="operations a second")
    args = parser.parse_args()
    place = tempfile.mkdtemp(prefix="ioriot-soak-", dir="/var/tmp")
    os.chmod(place, 0o755)
    try:
        replay, speed = make_replay(args.ioriot, place, args.rate, args.seconds)
        child = subprocess.Popen([args.ioriot, "-r", replay, "-s", repr(speed), "--root", place, "-D",
                                  "-p", "1", "-t", "4", "--quiet"])
        grown, took = watch(child, args.seconds)
    finally:
        shutil.rmtree(place)
    print("replay: status %d after %.0f s, %d of its processes grew" % (child.returncode, took, len(grown)))
    return 1 if child.returncode or grown else 0


if __name__ == "__main__":
    sys.exit(main())
