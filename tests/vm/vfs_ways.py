#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""vfs_ways.py DIRECTORY: bytes go into files and come from them, each way to and from a file of its own: plain and placed
calls, several pieces, direct, by a pipe, from file to file, at the end."""
import mmap
import os
import sys

PAGE = 4096
DATA = bytes(3 * PAGE + 17)


def made(name, flags=0):
    return os.open(name, os.O_RDWR | os.O_CREAT | flags, 0o644)


def filled(name):
    fd = made(name)
    os.write(fd, DATA)
    os.lseek(fd, 0, os.SEEK_SET)
    return fd


def plain():
    fd = filled("plain")
    while os.read(fd, 1000):
        pass
    os.pwrite(fd, DATA[:100], 50)
    os.pread(fd, 5000, 2 * PAGE)


def pieces():
    fd = made("pieces")
    os.writev(fd, [DATA[:10], DATA[:20]])
    os.pwritev(fd, [DATA[:PAGE], DATA[:30]], 100)
    os.preadv(fd, [bytearray(50), bytearray(PAGE)], 0)
    os.preadv(fd, [bytearray(9)], 3, os.RWF_HIPRI)
    os.pwritev(fd, [DATA[:40]], 0, os.RWF_DSYNC)


def direct():
    fd = made("direct", os.O_DIRECT)
    memory = mmap.mmap(-1, 8 * PAGE)
    os.pwrite(fd, memory, 0)
    os.pwritev(fd, [memory], 8 * PAGE)
    os.preadv(fd, [memory], 4 * PAGE)


def by_pipe():
    source, to = filled("spliced-from"), made("spliced-to")
    front, back = os.pipe()
    moved = 1
    while moved:
        moved = os.splice(source, back, PAGE)
        if moved:
            os.splice(front, to, moved)


def from_file_to_file():
    os.sendfile(made("sent-to"), filled("sent-from"), 0, 2 * PAGE + 5)
    os.copy_file_range(filled("copied-from"), made("copied-to"), len(DATA) - 3, 3)


def at_the_end():
    fd = made("appended", os.O_APPEND | os.O_SYNC)
    for n in range(1, 6):
        os.write(fd, DATA[:n * 100])


def mapped():
    fd = filled("mapped")
    shown = mmap.mmap(fd, 3 * PAGE)
    shown.madvise(mmap.MADV_RANDOM)
    shown.resize(64 * PAGE)
    shown.close()


def main():
    os.mkdir(sys.argv[1])
    os.chdir(sys.argv[1])
    for way in (plain, pieces, direct, by_pipe, from_file_to_file, at_the_end, mapped):
        way()
    os.listdir(".")
    os.fsync(made("plain"))
    os.truncate("plain", 5)
    os.chmod("plain", 0o600)


main()
