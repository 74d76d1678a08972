#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Compares the state_path records of two captures of the same run.

usage: tests/late/compare.py [--most N] TRUE OTHER

Prints how many names of TRUE are told the same in OTHER, told otherwise and not told, and how many
names OTHER tells that TRUE does not. Compared are the existence, inode, type, mode and owner, of files the
size and what of it is data, of links the target. That a name was absent needs not be told where its
directory was not there either, nor for the target of a link that was not followed. Status 1 when more
than N names are told otherwise, or are not told although they were there.
"""
import argparse
import collections
import os
import sys


def names(path):
    """The first record of each name: later ones are of other files by the same name."""
    found = {}
    with open(path, "rb") as f:
        f.readline()
        for line in f:
            if b";:,o=state_path;:," not in line:
                continue
            pairs = dict(p.split(b"=", 1) for p in line.rstrip(b"\n").split(b";:,") if p)
            found.setdefault(pairs[b"p"], pairs)
    return found


def essence(r):
    if r[b"x"] == b"-":
        return "absent"
    major, minor, ino, mode, _, uid, gid, size, _ = r[b"x"].decode().split(":")
    what = [major, minor, ino, mode, uid, gid]
    if int(mode, 8) & 0o170000 == 0o100000:
        what += [size, r.get(b"v")]
    if int(mode, 8) & 0o170000 == 0o120000:
        what += [r.get(b"P")]
    return what


def verdict(name, true, other):
    if name in other:
        return "equal" if essence(true[name]) == essence(other[name]) else "different"
    parent = true.get(os.path.dirname(name) or b"/")
    if essence(true[name]) == "absent" and (parent is None or essence(parent) == "absent"):
        return "needless"
    return "missing"


def main():
    parser = argparse.ArgumentParser(usage=__doc__.split("\n\n")[1])
    parser.add_argument("--most", type=int, default=0)
    parser.add_argument("captures", nargs=2)
    args = parser.parse_args()
    true, other = (names(p) for p in args.captures)
    count = collections.Counter()
    for name in {**true, **other}:
        kind = "absent" if essence((true if name in true else other)[name]) == "absent" else "present"
        found = verdict(name, true, other) if name in true else "more"
        count[kind, found] += 1
        if found not in ("equal", "needless"):
            print(found, name.decode(errors="replace"),
                  *(essence(c[name]) for c in (true, other) if name in c))
    for kind in ("present", "absent"):
        print(f"{kind}:", ", ".join(f"{count[kind, v]} {v}" for v in
                                    ("equal", "different", "missing", "more", "needless")))
    return count["present", "different"] + count["present", "missing"] + count["absent", "different"] > args.most


if __name__ == "__main__":
    sys.exit(main())
