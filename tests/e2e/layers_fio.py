#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""layers_fio.py CSVDIR FILE read|write|randread|randwrite SIZE ENGINE: whether the operations on FILE and its block
requests are those of such a job of fio, with blocks of 4096 bytes."""
import collections
import csv
import os
import sys

BLOCK = 4096


def rows(directory, name):
    with open(os.path.join(directory, name), newline="", encoding="utf-8") as f:
        return list(csv.DictReader(f))


def of_file(found, path):
    return [r for r in found if r["filename"] == path]


def sequential(places):
    """Of all but the first one the share that begins where the one before ended."""
    pairs = list(zip(places, places[1:]))
    return sum(a + n == b for (a, n), (b, _) in pairs) / len(pairs)


def check_operations(found, direction, way, size):
    places = [(int(r["offset"]), int(r["bytes"])) for r in found if r["operation"] == direction]
    others = [r for r in found if r["operation"] in ("READ", "WRITE", "DIO_READ", "DIO_WRITE")]
    assert len(others) == len(places), f"operations the other way: {len(others)}, not {len(places)}"
    assert sorted(places) == [(at, BLOCK) for at in range(0, size, BLOCK)], \
        f"operations: {len(places)} of {sum(n for _, n in places)} bytes, not each block of {size} once"
    share = sequential(places)
    if way.startswith("rand"):
        assert share < 0.5, f"random, but {share:.2f} are sequential"
    else:
        assert share == 1, f"sequential, but of the operations only {share:.2f}"


def sectors(found, event, operation):
    """How often there is which."""
    return collections.Counter(
        (r["dev"], s) for r in found if r["event"] == event and r["operation"] == operation
        for s in range(int(r["sector"]), int(r["sector"]) + int(r["size"]) // 512))


def check_requests(found, path, directions, size):
    """A request may be one with that of another file or of none in front of it, and has that one's name then."""
    own = of_file(found, path)
    for d in ("read", "write"):
        queued = sectors(own, "block_queue", d)
        wanted = size // 512 if d in directions else 0
        assert len(queued) == queued.total() == wanted, \
            f"queued to {d}: {queued.total()} sectors, {len(queued)} of them different, not {wanted}"
        done = sectors(found, "block_done", d)
        several = {s: done[s] for s in queued if done[s] != 1}
        assert not several, f"of what was queued to {d} are not done once: {several}"


def main():
    directory, path, way, size, engine = sys.argv[1:4] + [int(sys.argv[4]), sys.argv[5]]
    direction = "READ" if way.endswith("read") else "WRITE"
    if engine == "mmap":
        mapped = [r for r in of_file(rows(directory, "vfs_events.csv"), path) if r["operation"] == "MMAP"]
        assert sum(int(r["size"]) for r in mapped) == size, f"maps: {mapped}"
    else:
        check_operations(of_file(rows(directory, "vfs_events.csv"), path), direction, way, size)
    # what is changed through a map is read before
    both = engine == "mmap" and direction == "WRITE"
    check_requests(rows(directory, "block_events.csv"), path,
                   ["read", "write"] if both else [direction.lower()], size)


if __name__ == "__main__":
    main()
