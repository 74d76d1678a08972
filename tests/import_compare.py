#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""usage: import_compare.py PTRACE.capture STRACE.capture

Of two runs of one program, one recorded by ioriot and one by strace: each thread's calls, with all
arguments and results. Left out is what differs between two runs (addresses, numbers of processes,
names and times drawn at random), and what strace does not tell (facts, states, pages touched).
"""
import re
import sys

RANDOM = re.compile(r"(tmp_(?:obj|idx|pack)_|git-clone-|etilqs_)\w+")
ADDRESS = {"a", "A"}


def threads(path):
    seen = {}
    for line in open(path, errors="surrogateescape"):
        if line.startswith("#"):
            continue
        keys = dict(t.split("=", 1) for t in line.rstrip("\n").split(";:,") if "=" in t)
        op = keys["o"]
        if op.startswith("state_") or op in ("end", "lost", "map_read", "map_write"):
            continue
        calls = seen.setdefault(keys["i"].split(":")[1], [])
        result = keys.get("s", "")
        if op in ("fork", "vfork", "clone", "clone3", "mmap", "mremap") and result and int(result) > 0:
            result = "+"
        if op == "fcntl" and keys["F"] in ("1", "3", "5"):  # F_GETFD, F_GETFL: no argument; strace shows what F_GETLK answered
            keys["G"] = "-"
        if op in ("utimensat", "utimes") and keys.get("T") not in ("null", "now", None):
            keys["T"] = "?"
        args = [f"{k}={v}" for k, v in sorted(keys.items()) if k not in "tDiosx" and k not in ADDRESS]
        calls.append(RANDOM.sub(r"\1", f"{op} {' '.join(args)} = {result}"))
    calls = list(seen.values())
    if calls and calls[0] and calls[0][0].startswith("execve "):  # by which strace begins
        calls[0].pop(0)
    return calls


def main():
    a, b = threads(sys.argv[1]), threads(sys.argv[2])
    if len(a) != len(b):
        sys.exit(f"{len(a)} threads, and {len(b)}")
    total = 0
    for n, (x, y) in enumerate(zip(a, b)):
        for i, (one, other) in enumerate(zip(x, y)):
            if one != other:
                sys.exit(f"thread {n}, call {i}:\n  {one}\n  {other}")
        if len(x) != len(y):
            longer = max(x, y, key=len)
            sys.exit(f"thread {n}: {len(x)} calls, and {len(y)}; the first behind: {longer[min(len(x), len(y))]}")
        total += len(x)
    print(f"{total} calls of {len(a)} threads are the same")


main()
