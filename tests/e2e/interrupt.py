#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""interrupt.py CONDITION FILE COMMAND...: sends SIGINT to COMMAND when it is that far (CONDITION is
"exists": FILE is there; "waited": somebody waits for a lock on it), and prints the seconds it took to
end and its exit status."""
import os
import signal
import subprocess
import sys
import time


def waited(path):
    inode = f":{os.stat(path).st_ino} " if os.path.exists(path) else None
    with open("/proc/locks") as locks:
        return any("->" in line and inode and inode in line for line in locks)


reached = {"exists": os.path.exists, "waited": waited}[sys.argv[1]]
process = subprocess.Popen(sys.argv[3:], stdin=subprocess.DEVNULL)
end = time.monotonic() + 60
while not reached(sys.argv[2]):
    if process.poll() is not None or time.monotonic() > end:
        process.kill()
        sys.exit(f"{sys.argv[1]} {sys.argv[2]}: never, status {process.returncode}")
    time.sleep(0.01)
start = time.monotonic()
process.send_signal(signal.SIGINT)
status = process.wait()
print(f"{time.monotonic() - start:.3f} s, status {status}")
