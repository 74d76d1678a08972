#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Gives damaged captures to generate, and damaged replays to init and replay.

usage: whole.py IORIOT CAPTURE REPLAY ROOT SECONDS [SEED]

Whatever is in a file, a step may succeed, refuse it or find differences (status 0, 1 or 3, or 4 for
what the host does not have); it must not crash, hang, or change anything beside ROOT. Prints one
verdict per kind of file; a damaged file that broke something is kept beside CAPTURE.
"""
import os
import pathlib
import random
import shutil
import subprocess
import sys
import time

WORDS = [b"-1", b"0", b"18446744073709551615", b"4294967295", b"9223372036854775807", b"..", b"/",
         b"/etc/passwd", b"../../../../tmp", b"%fd/0", b"%fd/99999", b"%null", b"cwd", b"\\x00",
         b";:,", b"|", b"+", b",", b"-ENOENT", b"99999999", b"#INIT"]


def damage(rng, data):
    """A few random changes, by line or by byte, of a text that was right."""
    lines = data.split(b"\n")
    for _ in range(rng.choice((1, 1, 2, 5, 20))):
        at = rng.randrange(len(lines))
        line = lines[at]
        what = rng.randrange(7)
        if what == 0:
            del lines[at]
            lines = lines or [b""]
        elif what == 1:
            lines.insert(rng.randrange(len(lines)), line)
        elif what == 2:
            lines[at], other = lines[rng.randrange(len(lines))], lines[at]
            lines[rng.randrange(len(lines))] = other
        elif what == 3 and line:
            i = rng.randrange(len(line))
            lines[at] = line[:i] + bytes([rng.randrange(256)]) + line[i + 1:]
        elif what == 4:
            fields = line.split(b"|") if b"|" in line else line.split(b"=")
            i = rng.randrange(len(fields))
            fields[i] = rng.choice(WORDS)
            lines[at] = (b"|" if b"|" in line else b"=").join(fields)
        elif what == 5:
            i = rng.randrange(len(line) + 1)
            lines[at] = line[:i] + rng.choice(WORDS) + line[i:]
        else:
            lines[at] = line[:rng.randrange(len(line) + 1)]
    return b"\n".join(lines)


def fine(command):
    """None, or what is wrong with how COMMAND ended."""
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                              stderr=subprocess.PIPE, timeout=60, check=False)
    except subprocess.TimeoutExpired:
        return "does not end"
    if done.returncode in (0, 1, 3, 4):
        return None
    return f"status {done.returncode}: {done.stderr.decode(errors='replace')[-1500:]}"


def campaign(name, original, steps, seconds, rng, place):
    data, runs, end = original.read_bytes(), 0, time.monotonic() + seconds
    damaged = place / f"damaged.{name}"
    while time.monotonic() < end:
        damaged.write_bytes(damage(rng, data))
        for step in steps:
            wrong = fine([str(a) for a in step])
            if wrong:
                kept = place / f"broken.{name}"
                shutil.copy(damaged, kept)
                print(f"not ok damaged {name}: {step[1]} {kept}: {wrong}")
                return 1
        runs += 1
    print(f"ok {runs} damaged {name} files")
    return 0


def main():
    ioriot, capture, replay, root, seconds = sys.argv[1:6]
    seed = int(sys.argv[6]) if len(sys.argv) > 6 else int.from_bytes(os.urandom(4), "big")
    print(f"seed {seed}")
    rng = random.Random(seed)
    place = pathlib.Path(capture).resolve().parent
    made = [ioriot, "-c", place / "damaged.capture", "-r", place / "made.replay", "-n", "fuzz",
            "--root", root]
    steps = [[ioriot, "-i", place / "damaged.replay", "--root", root],
             [ioriot, "-r", place / "damaged.replay", "--root", root, "-D", "-p", "2", "-t", "2"]]
    failed = campaign("capture", pathlib.Path(capture), [made], float(seconds) / 2, rng, place)
    failed |= campaign("replay", pathlib.Path(replay), steps, float(seconds) / 2, rng, place)
    return failed


if __name__ == "__main__":
    sys.exit(main())
