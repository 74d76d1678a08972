#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Damages a capture in many ways and sends each version through generate.

usage: mutate_capture.py IORIOT CAPTURE WORKDIR ROUNDS SEED

Lines are removed, doubled, swapped, given fields of other lines, extreme values and stray bytes.
Generate must end with 0, 1 or 3, whatever it reads: no signal, no sanitizer report, no endless run.
What it makes of it must be a replay that init accepts or refuses with a sentence.
"""
import os
import random
import subprocess
import sys

VALUES = [b"-1", b"0", b"18446744073709551615", b"9223372036854775807", b"-9223372036854775808",
          b"/", b"..", b".", b"", b"a/../../..", b"-100", b"3", b"4", b"\\", b"%fd/0"]
SEP = b";:,"


def fields_of(line):
    fields = line.split(SEP)
    return fields if len(fields) > 4 else None


def damage(lines, rng):
    i = rng.randrange(len(lines))
    kind = rng.randrange(6)
    if kind == 0:
        del lines[i]
    elif kind == 1:
        lines.insert(rng.randrange(len(lines)), lines[i])
    elif kind == 2:
        j = rng.randrange(len(lines))
        lines[i], lines[j] = lines[j], lines[i]
    elif kind == 3:
        fields = fields_of(lines[i])
        if fields:
            j = rng.randrange(3, len(fields))
            others = [f for f in rng.choice(lines).split(SEP) if f[:1] == fields[j][:1]]
            fields[j] = others[0] if others else fields[j]
            lines[i] = SEP.join(fields)
    elif kind == 4:
        bytes_of_line = bytearray(lines[i])
        if bytes_of_line:
            at = rng.randrange(len(bytes_of_line))
            bytes_of_line[at] = rng.choice(b"0123456789-/;:,=.\\x abc|")
            lines[i] = bytes(bytes_of_line)
    else:
        fields = fields_of(lines[i])
        if fields:
            j = rng.randrange(3, len(fields))
            fields[j] = fields[j][:2] + rng.choice(VALUES)
            lines[i] = SEP.join(fields)


def check(command, allowed, keep):
    run = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60)
    if run.returncode in allowed and b"runtime error" not in run.stderr:
        return run.returncode
    print("%s: status %d\n%s\ninput kept as %s" % (
        " ".join(command), run.returncode, run.stderr.decode("utf-8", "replace")[:4000], keep))
    sys.exit(1)


def main():
    ioriot, capture, work, rounds, seed = sys.argv[1:6]
    rng = random.Random(int(seed))
    with open(capture, "rb") as f:
        head, *body = f.read().split(b"\n")
    bad = os.path.join(work, "bad.capture")
    replay = os.path.join(work, "bad.replay")
    for _ in range(int(rounds)):
        lines = body[:]
        for _ in range(rng.choice([1, 5, 50, 500])):
            if lines:
                damage(lines, rng)
        with open(bad, "wb") as f:
            f.write(head + b"\n" + b"\n".join(lines))
        status = check([ioriot, "-c", bad, "-r", replay, "-n", "bad", "--root", work, "--quiet"],
                       (0, 1, 3), bad)
        if status != 1:
            check([ioriot, "-i", replay, "--root", work, "--quiet"], (0, 1), bad)


if __name__ == "__main__":
    main()
