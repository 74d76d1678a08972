#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""layers_uncache.py FILE...: takes them out of the page cache."""
import os
import sys

for name in sys.argv[1:]:
    fd = os.open(name, os.O_RDONLY)
    os.fsync(fd)
    os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)
    os.close(fd)
