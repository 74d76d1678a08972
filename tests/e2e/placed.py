#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""placed.py FILE: makes calls on FILE, and prints what it, its children and threads see of the processors that they may
run on. placed.py FILE N: makes N calls, and prints its set as /proc tells it. placed.py FILE PID END: makes calls, its own
number being in the file PID, until there is a file END."""
import os
import subprocess
import sys
import threading


def calls(n):
    for _ in range(n // 2):
        os.close(os.open(sys.argv[1], os.O_RDONLY))


def in_proc():
    """Without a call that is about processors, and in three calls on files."""
    fd = os.open("/proc/self/status", os.O_RDONLY)
    text = os.read(fd, 65536).decode()
    os.close(fd)
    return [line.split()[1] for line in text.splitlines() if line.startswith("Cpus_allowed_list:")][0]


def in_child(function):
    reader, writer = os.pipe()
    if os.fork() == 0:
        os.write(writer, str(function()).encode())
        os._exit(0)
    os.wait()
    return os.read(reader, 65536).decode()


def in_thread(function):
    seen = []
    thread = threading.Thread(target=lambda: seen.append(function()))
    thread.start()
    thread.join()
    return seen[0]


if len(sys.argv) > 3:
    with open(sys.argv[2], "w") as pid:
        pid.write("%d\n" % os.getpid())
    while not os.path.exists(sys.argv[3]):
        calls(100)
    sys.exit()
if len(sys.argv) > 2:
    calls(int(sys.argv[2]))
    print(in_proc())
    sys.exit()
first, shown = os.sched_getaffinity(0), in_proc()
calls(100)
print("told:", in_proc() == shown)
calls(100)
print("asked:", os.sched_getaffinity(0) == first)
print("behind that:", in_proc() == shown)
calls(100)
print("child:", in_child(in_proc) == shown)
calls(100)
print("thread:", in_thread(in_proc) == shown)
calls(100)
nproc = subprocess.run(["env", "-u", "OMP_NUM_THREADS", "-u", "OMP_THREAD_LIMIT", "nproc"], stdout=subprocess.PIPE, text=True)
print("program:", nproc.stdout.strip() == str(len(first)))
one = {max(first)}
calls(100)
os.sched_setaffinity(0, one)
calls(100)
print("chosen:", os.sched_getaffinity(0) == one)
os.sched_setaffinity(0, first)
calls(100)
print("chosen again:", os.sched_getaffinity(0) == first)
