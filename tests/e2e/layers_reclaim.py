#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""layers_reclaim.py CGROUP FILE: FILE is read by a process of that memory cgroup, which then gets less memory than that.
Prints how many pages of it are in memory before and afterwards: mincore(2)."""
import ctypes
import mmap
import os
import sys

MIB = 1 << 20
libc = ctypes.CDLL(None, use_errno=True)


def resident(fd, size):
    libc.mmap.restype = ctypes.c_void_p
    libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_long]
    at = libc.mmap(None, size, mmap.PROT_READ, mmap.MAP_SHARED, fd, 0)
    pages = (ctypes.c_ubyte * (size // mmap.PAGESIZE))()
    if libc.mincore(ctypes.c_void_p(at), ctypes.c_size_t(size), pages):
        raise OSError(ctypes.get_errno(), "mincore")
    libc.munmap(ctypes.c_void_p(at), ctypes.c_size_t(size))
    return sum(p & 1 for p in pages)


def write(name, text):
    with open(name, "w", encoding="ascii") as f:
        f.write(text)


def main():
    cgroup, path = sys.argv[1:]
    write(os.path.join(cgroup, "cgroup.procs"), str(os.getpid()))
    fd = os.open(path, os.O_RDONLY)
    size = os.fstat(fd).st_size
    while os.read(fd, MIB):
        pass
    before = resident(fd, size)
    reclaim = os.path.join(cgroup, "memory.reclaim")
    if os.path.exists(reclaim):
        write(reclaim, str(size // 2))
    else:
        with open(os.path.join(cgroup, "memory.usage_in_bytes"), encoding="ascii") as f:
            write(os.path.join(cgroup, "memory.limit_in_bytes"), str(int(f.read()) - size // 2))
    print(before, resident(fd, size))


main()
