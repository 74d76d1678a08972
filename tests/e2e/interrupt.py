#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""interrupt.py CONDITION FILE COMMAND...: sends SIGINT to COMMAND when it is that far (CONDITION is
"exists": FILE is there, and who made it sleeps; "waited": somebody waits for a lock on it; "stuck": it is
there, and the kernel keeps a worker), and prints the seconds it took to end and its exit status. Time in which
it could have run but had no processor, because of other work, is not counted."""
import glob
import os
import pathlib
import signal
import subprocess
import sys
import time


def states(pid):
    """Of all threads of all its workers."""
    try:
        with open(f"/proc/{pid}/task/{pid}/children") as children:
            tasks = [t for child in children.read().split() for t in glob.glob(f"/proc/{child}/task/*/stat")]
        return [pathlib.Path(task).read_text().rpartition(")")[2].split()[0] for task in tasks]
    except OSError:  # one of them ended
        return []


def exists(path):
    return os.path.exists(path) and set(states(process.pid)) == {"S"}


def stuck(path):
    return os.path.exists(path) and "D" in states(process.pid)


def kept_waiting():
    """Seconds that it waited for a processor."""
    return int(pathlib.Path(f"/proc/{process.pid}/schedstat").read_text().split()[1]) / 1e9


def waited(path):
    inode = f":{os.stat(path).st_ino} " if os.path.exists(path) else None
    with open("/proc/locks") as locks:
        return any("->" in line and inode and inode in line for line in locks)


reached = {"exists": exists, "waited": waited, "stuck": stuck}[sys.argv[1]]
process = subprocess.Popen(sys.argv[3:], stdin=subprocess.DEVNULL)
end = time.monotonic() + 60
while not reached(sys.argv[2]):
    if process.poll() is not None or time.monotonic() > end:
        process.kill()
        sys.exit(f"{sys.argv[1]} {sys.argv[2]}: never, status {process.returncode}")
    time.sleep(0.01)
start = time.monotonic() - kept_waiting()
process.send_signal(signal.SIGINT)
os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
took = time.monotonic() - start - kept_waiting()
print(f"{took:.3f} s, status {process.wait()}")
