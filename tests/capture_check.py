#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Checks what holds for every capture that came to its end, whatever was recorded.

usage: tests/capture_check.py [--part | --attached] FILE

The records are in the order of their times; a thread makes calls only after the record that says where
it comes from (state_task, fork, or its process's exec) and never after its end; the closing line
has the right counts. Of a part, or a capture that ended before the program, threads may be left.
--attached: so in what ran before the capture began, whose processes may have had any threads then.
Prints what is wrong; status 1 then.
"""
import re
import sys

FORKS = ("fork", "vfork", "clone", "clone3")
LAYERS = re.compile("(block|cache|page|net|conn|poll|sockopt|retrans|proc|ring|layer|file)_")  # told of, not done by, a thread


def records(path):
    with open(path, "rb") as f:
        header = f.readline()
        assert header.startswith(b"#|capture_version=5|"), header
        for number, line in enumerate(f, 2):
            assert line.endswith(b";:,\n"), f"line {number} is cut"
            pairs = [p.split(b"=", 1) for p in line[:-1].split(b";:,")[:-1]]
            yield number, {k.decode(): v.decode("utf-8", "surrogateescape") for k, v in pairs}


def main():
    attached = "--attached" in sys.argv
    alive, old, last_t, count, lost, over = set(), set(), 0, 0, 0, False
    problems = []
    for number, r in records(sys.argv[-1]):
        def wrong(what):
            problems.append(f"line {number}: {what}: {r}")
        t, op, who = int(r["t"]), r["o"], r["i"]
        pid = who.split(":")[0]
        if over:
            wrong("behind the end")
        if t < last_t:
            wrong("earlier than the one before")
        last_t = t
        if op == "end":
            over = True
            if int(r["c"]) != count or int(r["O"]) != lost:
                wrong(f"counts are {count} and {lost}")
            continue
        count += 1
        if op == "lost":
            lost += int(r["c"])
        if op == "state_task":
            alive.add(who)
            old.add(pid)
        elif attached and pid in old:
            alive.add(who)
        elif not op.startswith("state_") and not LAYERS.match(op) and who not in alive:
            wrong("a thread that does not exist")
        if op in FORKS and int(r["s"]) > 0:
            thread = int(r["f"]) & 0x10000 if op.startswith("clone") else 0
            child = f"{pid}:{r['s']}" if thread else f"{r['s']}:{r['s']}"
            if child in alive:
                wrong("makes a thread that is there")
            alive.add(child)
        if op in ("exit", "exit_group", "task_end"):
            alive.discard(who)
        if op in ("execve", "execveat") and r["s"] == "0":
            alive = {w for w in alive if not w.startswith(pid + ":")} | {f"{pid}:{pid}"}
    if not over:
        problems.append("no closing line")
    elif alive and not attached and "--part" not in sys.argv:
        problems.append(f"not ended: {alive}")
    print("\n".join(problems[:20]))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
