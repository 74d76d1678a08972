#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""conservation_program.py DIRECTORY CASE: one way to write a file and read it again. What the kernel counted for this
process (/proc/PID/io) is printed: wchar and write_bytes of the writing, rchar and read_bytes of the reading."""
import mmap
import os
import sys

CHUNK = 65536
TAIL = 5000  # no whole page


def counted():
    with open("/proc/self/io", encoding="ascii") as f:
        text = f.read()
    return {"own": len(text), **{k: int(v) for k, v in (line.split(":") for line in text.splitlines())}}


def write_all(fd, size):
    while size > 0:
        size -= os.write(fd, b"x" * min(CHUNK, size))


def read_all(fd):
    while os.read(fd, CHUNK):
        pass


def forget(fd):
    os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)


def buffered(path):
    """Nobody waits for it: the kernel writes it back when the file system is unmounted."""
    fd = os.open(path, os.O_RDWR | os.O_CREAT)
    write_all(fd, 16 * CHUNK + TAIL)
    return fd, None


def fsync(path):
    fd = os.open(path, os.O_RDWR | os.O_CREAT)
    write_all(fd, 8 * CHUNK + TAIL)
    os.fsync(fd)
    return fd, lambda: read_all(fd)


def direct(path):
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_DIRECT)
    memory = mmap.mmap(-1, CHUNK)
    for i in range(16):
        os.pwrite(fd, memory, i * CHUNK)

    def read():
        for i in range(16):
            os.preadv(fd, [memory], i * CHUNK)

    return fd, read


def mapped(path):
    fd = os.open(path, os.O_RDWR | os.O_CREAT)
    os.ftruncate(fd, 8 * CHUNK)
    with mmap.mmap(fd, 8 * CHUNK) as shown:
        for at in range(0, 8 * CHUNK, 4096):
            shown[at] = 1
        shown.flush()

    def read():
        with mmap.mmap(fd, 8 * CHUNK, prot=mmap.PROT_READ) as shown:
            for at in range(0, 8 * CHUNK, 4096):
                assert shown[at] == 1

    return fd, read


def main():
    directory, case = sys.argv[1:]
    one = counted()
    fd, read = {"buffered": buffered, "fsync": fsync, "direct": direct, "mmap": mapped}[case](os.path.join(directory, case))
    two = counted()
    if read:
        forget(fd)
        os.lseek(fd, 0, os.SEEK_SET)
        before = counted()
        read()
        after = counted()
    else:
        before = after = two
    moved = {k: two[k] - one[k] for k in ("wchar", "write_bytes")}
    moved["rchar"] = after["rchar"] - before["rchar"] - before["own"] if read else 0
    moved["read_bytes"] = after["read_bytes"] - before["read_bytes"]
    print(case, os.getpid(), *(f"{k}={v}" for k, v in moved.items()))


main()
