#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""progress.py COMMAND...: runs it on a terminal of 100 columns and prints what that got."""
import fcntl
import os
import pty
import struct
import sys
import termios

pid, fd = pty.fork()
if pid == 0:
    fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 100, 0, 0))
    os.execv(sys.argv[1], sys.argv[1:])
got = b""
while True:
    try:
        part = os.read(fd, 65536)
    except OSError:  # the other end is closed
        break
    if not part:
        break
    got += part
print(got.decode(errors="replace").replace("\r", "\n"))
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
