#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""qcow2.py make FILE BYTES: an image of version 2 in which nothing is allocated yet.
qcow2.py clusters FILE: where in FILE the clusters of the disk are, in its order (docs/interop/qcow2.txt of QEMU)."""
import struct
import sys

CLUSTER = 65536
HEADER = ">4sIQIIQIIQQIIQ"
OFFSET = 0x00FFFFFFFFFFFE00


def make(path, size):
    refcounts, block, l1 = CLUSTER, 2 * CLUSTER, 3 * CLUSTER
    entries = -(-size // (CLUSTER * CLUSTER // 8))
    header = struct.pack(HEADER, b"QFI\xfb", 2, 0, 0, 16, size, 0, entries, l1, refcounts, 1, 0, 0)
    with open(path, "wb") as f:
        for where, what in ((0, header), (refcounts, struct.pack(">Q", block)), (block, struct.pack(">4H", 1, 1, 1, 1))):
            f.seek(where)
            f.write(what)
        f.truncate(4 * CLUSTER)


def table(f, offset, entries):
    f.seek(offset)
    return struct.unpack(f">{entries}Q", f.read(8 * entries))


def clusters(path):
    with open(path, "rb") as f:
        fields = struct.unpack(HEADER, f.read(struct.calcsize(HEADER)))
        for l2 in table(f, fields[8], fields[7]):
            if l2 & OFFSET:
                for entry in table(f, l2 & OFFSET, CLUSTER // 8):
                    if entry & OFFSET:
                        print(entry & OFFSET)


if sys.argv[1] == "make":
    make(sys.argv[2], int(sys.argv[3]))
else:
    clusters(sys.argv[2])
