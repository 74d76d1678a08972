#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""conservation_check.py DIRECTORY CAPTURE COUNTED TABLE CHUNKS

Whether all levels tell the same bytes of each file in DIRECTORY, which have the names of CASES: the calls (CAPTURE),
/proc/PID/io (COUNTED, what the program printed), the page cache, the requests, and where the file system says that the
file is (FIEMAP). TABLE: of a partition or of dm-linear or of a device with several paths where on the disk it is, as
dmsetup has it (FIRST LENGTH linear DISK START); - where it is the disk itself.
CHUNKS: of btrfs, which has addresses of its own, a file with "ADDRESS LENGTH OFFSET" of each chunk; - of others. Prints
"CASE: equal" or what is not for each."""
import array
import bisect
import fcntl
import os
import re
import sys

CASES = ("buffered", "fsync", "direct", "mmap")
FS_IOC_FIEMAP = 0xC020660B
PAGE = 4096
# the only ones that are looked at: the machine of the tests is slow
KEPT = re.compile(r";:,o=(?:block_queue|block_done|cache_dirty|openat|write|pwrite64|read|preadv2?);:,")


def fiemap(path):
    """(offset, address, length) of each extent."""
    head = array.array("Q", [0, 2**64 - 1])
    room = 512
    buffer = bytearray(head.tobytes() + array.array("I", [1, 0, room, 0]).tobytes() + bytes(56 * room))
    fd = os.open(path, os.O_RDONLY)
    fcntl.ioctl(fd, FS_IOC_FIEMAP, buffer)
    os.close(fd)
    n = int.from_bytes(buffer[20:24], sys.byteorder)
    assert n < room, "so many extents"
    words = [array.array("Q", bytes(buffer[32 + 56 * i:32 + 56 * i + 24])) for i in range(n)]
    return [tuple(w) for w in words]


def translate(extents, chunks):
    """The addresses of btrfs to bytes of the device."""
    out = []
    for offset, address, length in extents:
        at, _, to = next(c for c in chunks if c[0] <= address < c[0] + c[1])
        out.append((offset, to + address - at, length))
    return out


def send_on(sectors, table):
    """Where they are on the disk."""
    if table == "-":
        return sectors
    with open(table, encoding="ascii") as f:
        parts = sorted((int(w[0]), int(w[4])) for w in map(str.split, f))
    firsts = [first for first, _ in parts]
    found = ((s, parts[bisect.bisect(firsts, s) - 1]) for s in sectors)
    return [s - first + start for s, (first, start) in found]


class Capture:
    def __init__(self, name):
        self.lines, self.inode = [], None
        for line in filter(KEPT.search, open(name, encoding="utf-8", errors="surrogateescape")):
            self.lines.append(dict(p.split("=", 1) for p in line.rstrip("\n").split(";:,") if "=" in p))

    def of_file(self, operation):
        return [p for p in self.lines if p.get("o") == operation and p.get("x", "").split(":")[2:3] == [self.inode]]

    def writing(self, pid):
        """From the first to the second look at /proc/self/io."""
        looks = [int(p["t"]) for p in self.lines if p.get("o") == "openat" and p["i"].split(":")[0] == pid and
                 p.get("p") == "/proc/self/io"]
        return looks[0], looks[1]


def sectors(requests):
    return [s for p in requests for s in range(int(p["S"]), int(p["S"]) + int(p["c"]) // 512)]


def total(records, key="c"):
    return sum(int(p[key]) for p in records)


def way(requests, operation):
    return [p for p in requests if int(p["F"], 16) & 0xff == operation]


def calls(capture, pid, name):
    """Bytes written and read by descriptors of the file, from when it was opened on. Files elsewhere may have its number."""
    moved, fds = [0, 0], set()
    for p in capture.lines:
        if p.get("i", "").split(":")[0] != pid or p.get("s", "-1").startswith("-"):
            continue
        if p["o"] == "openat" and p.get("x", "").split(":")[2:3] == [capture.inode] and p["p"].endswith("/" + name):
            fds.add(p["s"])
        elif p.get("d") in fds and p["o"] in ("write", "pwrite64", "read", "preadv", "preadv2"):
            moved["read" in p["o"]] += int(p["s"])
    return moved


def compare(capture, path, case, pid, told, table, chunks):
    """What is not equal."""
    capture.inode = str(os.stat(path).st_ino)
    extents = fiemap(path)
    own = chunks != "-"
    if own:
        with open(chunks, encoding="ascii") as f:
            extents = translate(extents, [tuple(map(int, line.split())) for line in f])
    queued, done = (capture.of_file(op) for op in ("block_queue", "block_done"))
    if table != "-":  # a device above may have requests of its own, which are over as well
        above = {p["y"] for p in queued}
        sent, done = [p for p in done if p["y"] in above], [p for p in done if p["y"] not in above]
        assert not sent or total(sent) == total(queued), "requests of the device above"
    # where files have checksums btrfs writes all of them by the page cache
    by_cache = case != "direct" or own and capture.of_file("cache_dirty")
    # what the file system changes for the process beside the file is counted as its own
    since, until = capture.writing(pid)
    beside = total(p for p in capture.lines if p.get("o") == "cache_dirty" and p["i"].split(":")[0] == pid and
                   since <= int(p["t"]) <= until) - total(capture.of_file("cache_dirty"))
    wrote, read = calls(capture, pid, os.path.basename(path))
    size = os.stat(path).st_size
    pages = -(-size // PAGE) * PAGE
    where = {s for _, address, length in extents for s in range(address // 512, (address + length) // 512)}
    found = {
        "calls, written": wrote,
        "/proc/PID/io, written": told["wchar"],
        "pages changed": total(capture.of_file("cache_dirty")),
        "/proc/PID/io, to disk": told["write_bytes"],
        "requests, written": total(way(queued, 1)),
        "requests over, written": total(way(done, 1)),
        "extents": sum(length for _, _, length in extents),
        "calls, read": read,
        "/proc/PID/io, read": told["rchar"],
        "/proc/PID/io, from disk": told["read_bytes"],
        "requests, read": total(way(queued, 0)),
    }
    by_call = 0 if case == "mmap" else size
    again = 0 if case == "buffered" else pages
    want = {
        "calls, written": by_call,
        "/proc/PID/io, written": by_call,
        "pages changed": pages if by_cache else 0,
        "/proc/PID/io, to disk": pages + beside,
        "requests, written": pages,
        "requests over, written": pages,
        "extents": pages,
        "calls, read": by_call if again else 0,
        "/proc/PID/io, read": by_call if again else 0,
        "/proc/PID/io, from disk": again,
        "requests, read": again,
    }
    wrong = [f"{k}: {found[k]}, not {want[k]}" for k in want if found[k] != want[k]]
    if sorted(sectors(way(queued, 1))) != sorted(where):
        wrong.append(f"sectors written are not those of the extents {extents}")
    if again and sorted(sectors(way(queued, 0))) != sorted(where):
        wrong.append("sectors read are not those of the extents")
    if sorted(sectors(way(done, 1))) != sorted(send_on(where, table)):
        wrong.append("sectors that were written to the disk are not those of the extents")
    return wrong


def main():
    directory, name, counted, table, chunks = sys.argv[1:]
    capture, programs = Capture(name), {}
    with open(counted, encoding="ascii") as f:
        for case, pid, *told in map(str.split, f):
            programs[case] = pid, {k: int(v) for k, v in (t.split("=") for t in told)}
    for case in CASES:
        wrong = compare(capture, os.path.join(directory, case), case, *programs[case], table, chunks)
        print(f"{case}: {'; '.join(wrong) or 'equal'}", flush=True)


if __name__ == "__main__":
    main()
