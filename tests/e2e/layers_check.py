#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""layers_check.py CAPTURE FILE written|direct|read LENGTH

Whether all that happened to FILE below the calls is in the capture, once, to the byte: what was dirtied was
written back, what was written went through the block layer to the sectors that the file system says the
file has, and came back. What is read is read as often as it came into the cache: a host that is short of memory
may take a page away that then comes again. Prints what is wrong.
"""
import fcntl
import os
import re
import struct
import sys

FS_IOC_FIEMAP = 0xC020660B
READ, WRITE = 0, 1


def extents(path):
    """Sectors of the file: (where in the file, first, end on its device)."""
    head = struct.pack("=QQIIII", 0, 2**64 - 1, 1, 0, 512, 0)
    found = bytearray(head + bytes(56 * 512))
    with open(path, "rb") as f:
        fcntl.ioctl(f, FS_IOC_FIEMAP, found)
    number = struct.unpack_from("=I", found, 20)[0]
    for i in range(number):
        logical, physical, length = struct.unpack_from("=QQQ", found, 32 + 56 * i)
        yield logical // 512, physical // 512, (physical + length) // 512


def events(capture, path):
    """Those whose facts are of the file: (operation, {key: value})."""
    st = os.stat(path)
    inode = f"x={os.major(st.st_dev)}:{os.minor(st.st_dev)}:{st.st_ino}:"
    with open(capture, encoding="utf-8", errors="surrogateescape") as lines:
        for line in lines:
            m = re.search(r";:,o=((?:block|cache)_\w+);:,(.*;:,)?" + inode, line)
            if m:
                yield m[1], dict(f.split("=", 1) for f in line.rstrip("\n").split(";:,") if f)


def covered(ranges):
    """Without gaps or overlaps between neighbours; None: something is there twice."""
    joined = []
    for first, end in sorted(ranges):
        if joined and first < joined[-1][1]:
            return None
        if joined and first == joined[-1][1]:
            joined[-1][1] = end
        else:
            joined.append([first, end])
    return joined


def read_again(path, length, added, requests):
    """What is wrong about pages that came into the cache, [(when, sector of the file, sectors)], and each kind of
    request, [(begin, end, sector of the device, sectors)]. A page comes again after it had been read."""
    size = length // 512
    came = [[] for _ in range(size)]
    for at, first, n in added:
        for sector in came[first:first + n]:
            sector.append(at)
    whole = list(extents(path))
    for op, list_of in requests.items():
        seen = [[] for _ in range(size)]
        for begin, end, first, n in list_of:
            where = [logical + first - start for logical, start, over in whole if start <= first and first + n <= over]
            if not where:
                yield f"{op}: sectors {first} to {first + n} are not of the file"
            for sector in seen[where[0]:where[0] + n] if where else ():
                sector.append((begin, end))
        for sector, times, reads in zip(range(size), came, seen):
            times.sort()
            reads.sort()
            if not times or len(times) != len(reads):
                yield f"{op}: sector {sector} came {len(times)} times into the cache, and was read {len(reads)} times"
            elif any(begin < at for at, (begin, _) in zip(times, reads)) or \
                    any(end > again for (_, end), again in zip(reads, times[1:])):
                yield f"{op}: sector {sector} came twice for one time, or was read before it came: {times}, {reads}"
            else:
                continue
            break


def main():
    capture, path, how, length = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])
    direction = READ if how == "read" else WRITE
    total, added, requests, bad = {}, [], {"block_queue": [], "block_done": []}, []
    for op, e in events(capture, path):
        size, at = int(e["c"]), int(e["t"])
        if op == "cache_add":
            added.append((at, int(e["O"]) // 512, size // 512))
        if op.startswith("block_"):
            if int(e["F"], 16) & 0xff != direction:
                continue
            if op in requests:
                requests[op].append((at - int(e["D"]), at, int(e["S"]), size // 512))
            if op == "block_done" and (e["s"] != "0" or (e["w"] != "-" and int(e["w"]) > int(e["D"]))):
                bad.append(f"a request that failed, or waited longer than it took: {e}")
        total[op] = total.get(op, 0) + size
    if how == "read":
        bad += read_again(path, length, added, requests)
        if bad:
            sys.exit("\n".join(bad))
        return
    wanted = {"block_queue": length, "block_done": length}
    if how == "written":
        wanted |= {"cache_dirty": length, "cache_writeback": length}
    for op, n in wanted.items():
        if total.get(op, 0) != n:
            bad.append(f"{op}: {total.get(op, 0)} bytes, not {n}")
    on_disk = covered((first, end) for _, first, end in extents(path))
    for op, list_of in requests.items():
        of_requests = covered((first, first + n) for _, _, first, n in list_of)
        if of_requests != on_disk:
            bad.append(f"{op}: sectors {of_requests}, but the file has {on_disk}")
    if bad:
        sys.exit("\n".join(bad))


if __name__ == "__main__":
    main()
