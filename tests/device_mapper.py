#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""device_mapper.py create NAME TABLE | remove NAME

A device of the device mapper, as LVM and multipath make them, without their tools. TABLE has lines as of dmsetup:
FIRST LENGTH TARGET ARGUMENTS. Prints where the device is."""
import fcntl
import os
import struct
import sys

CREATE, REMOVE, RESUME, LOAD = 3, 4, 6, 9
HEAD = "=3I7IQ128s129s7x"
SIZE = struct.calcsize(HEAD)


def command(number, name, targets=b"", count=0):
    """The device's number."""
    size = SIZE + len(targets)
    said = bytearray(struct.pack(HEAD, 4, 0, 0, size, SIZE, count, 0, 0, 0, 0, 0, name.encode(), b"") + targets)
    with open("/dev/mapper/control", "rb") as control:
        fcntl.ioctl(control, 3 << 30 | SIZE << 16 | 0xfd << 8 | number, said)
    return struct.unpack_from("=Q", said, 40)[0]


def target(line):
    first, length, kind, arguments = line.split(None, 3)
    text = arguments.strip().encode() + b"\0"
    text += bytes(-len(text) % 8)
    return struct.pack("=QQiI16s", int(first), int(length), 0, 40 + len(text), kind.encode()) + text


def main():
    what, name = sys.argv[1:3]
    if what == "remove":
        command(REMOVE, name)
        return
    with open(sys.argv[3], encoding="ascii") as table:
        targets = [target(line) for line in table]
    device = command(CREATE, name)
    command(LOAD, name, b"".join(targets), len(targets))
    command(RESUME, name)
    sys_device = os.path.realpath(f"/sys/dev/block/{os.major(device)}:{os.minor(device)}")
    print("/dev/" + os.path.basename(sys_device))


main()
