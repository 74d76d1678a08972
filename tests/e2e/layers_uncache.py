#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""layers_uncache.py [-r OFFSET LENGTH] FILE...: takes them, or that part of them, out of the page cache."""
import os
import sys

offset, length, names = 0, 0, sys.argv[1:]
if names[0] == "-r":
    offset, length, names = int(names[1]), int(names[2]), names[3:]
for name in names:
    fd = os.open(name, os.O_RDONLY)
    os.fsync(fd)
    os.posix_fadvise(fd, offset, length, os.POSIX_FADV_DONTNEED)
    os.close(fd)
