#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""layers_fio.py CSVDIR FILE read|write|randread|randwrite SIZE ENGINE: whether the operations on FILE and its block
requests are those of such a job of fio, with blocks of 4096 bytes."""
import csv
import os
import sys

BLOCK = 4096


def rows(directory, name, path):
    with open(os.path.join(directory, name), newline="", encoding="utf-8") as f:
        return [r for r in csv.DictReader(f) if r["filename"] == path]


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


def twice(requests):
    """Those that share a sector, for somebody to read."""
    first, shared = {}, []
    for r in requests:
        for s in range(int(r["sector"]), int(r["sector"]) + int(r["size"]) // 512):
            other = first.setdefault(s, r)
            if other is not r and r not in shared:
                shared += [other, r]
    return shared


def check_requests(found, directions, size):
    queued = [r for r in found if r["event"] == "block_queue"]
    done = [r for r in found if r["event"] == "block_done"]
    for name, requests in (("queued", queued), ("done", done)):
        both = {d: sum(int(r["size"]) for r in requests if r["operation"] == d) for d in ("read", "write")}
        wanted = {d: size if d in directions else 0 for d in both}
        assert both == wanted, f"requests that were {name}: {both}, not {wanted}; of one sector: {twice(requests)}"
    for d in directions:
        of_it = [r for r in queued if r["operation"] == d]
        sectors = [s for r in of_it for s in range(int(r["sector"]), int(r["sector"]) + int(r["size"]) // 512)]
        assert len(sectors) == len(set(sectors)), "a sector twice"


def main():
    directory, path, way, size, engine = sys.argv[1:4] + [int(sys.argv[4]), sys.argv[5]]
    direction = "READ" if way.endswith("read") else "WRITE"
    if engine == "mmap":
        mapped = [r for r in rows(directory, "vfs_events.csv", path) if r["operation"] == "MMAP"]
        assert sum(int(r["size"]) for r in mapped) == size, f"maps: {mapped}"
    else:
        check_operations(rows(directory, "vfs_events.csv", path), direction, way, size)
    # what is changed through a map is read before
    both = engine == "mmap" and direction == "WRITE"
    check_requests(rows(directory, "block_events.csv", path), ["read", "write"] if both else [direction.lower()], size)


if __name__ == "__main__":
    main()
