#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Records each operation's calls and compares whole records with what the program expects.

usage: tests/ops/check_capture.py OP_CALLS_PROGRAM

Every row of src/ops/ops.def that is a call of this machine, or the end of a thread, must have its
test in op_calls.c, with a call that works and one that fails where the call can fail.
"""
import os
import platform
import re
import shutil
import subprocess
import sys

IORIOT = os.environ["IORIOT"]
SOURCE = os.environ["SOURCE"]
NEVER_FAIL = {"sync", "umask", "exit", "exit_group", "task_end"}
NEVER_FAIL |= {"sendmsg", "sendmmsg", "recvmsg", "recvmmsg"}  # have no result, or are not recorded then
MAY_NOT_WORK = {"chroot", "fchmodat2"}  # without privilege, before Linux 6.6
MAY_NOT_WORK |= {"bpf", "perf_event_open", "fanotify_init", "fanotify_mark"}  # without privilege
# where the kernel is made without, does not allow it to all, or the file system has no quota
MAY_NOT_WORK |= {"setxattrat", "getxattrat", "listxattrat", "removexattrat", "cachestat",
                 "statmount", "listmount", "file_getattr", "file_setattr"}  # newer kernels
MAY_NOT_WORK |= {"name_to_handle_at", "open_by_handle_at"}  # without privilege, on some file systems
MAY_NOT_WORK |= {"memfd_secret", "userfaultfd", "quotactl", "quotactl_fd"}
MAY_NOT_WORK |= {"io_cancel"}  # what it cancels gives EINPROGRESS
MAY_NOT_WORK |= {p + op for p in ("", "l", "f")  # on file systems without extended attributes
                 for op in ("setxattr", "getxattr", "listxattr", "removexattr")}
IDENTITY = re.compile(rb"(;:,z=|[=,]\d+:)[1-9]\d*(?=[,;])")
MARK = re.compile(rb"o=fadvise64;:,d=-77777;:,O=([12]);:,")


def rows():
    """Names of the operations that this machine has."""
    column = 3 if platform.machine() == "aarch64" else 2
    with open(os.path.join(SOURCE, "src/ops/ops.def"), encoding="ascii") as f:
        for m in re.finditer(r"^OP\((\w+),\s*(-?\d+),\s*(-?\d+),\s*(\w+),", f.read(), re.M):
            if m[1] == "task_end" or (m[4] != "State" and int(m[column]) >= 0):
                yield m[1]


def without_identity(record):
    """Which number an open file description has is the backend's own affair."""
    return IDENTITY.sub(rb"\1*", record) if record.startswith((b"o=sendm", b"o=recv_fd")) else record


def between_marks(path):
    """Per thread, the records that stand between its marks, without their times and threads."""
    found, inside = {}, set()
    with open(path, "rb") as f:
        f.readline()
        for line in f:
            m = re.match(rb"t=\d+;:,D=\d+;:,i=\d+:(\d+);:,(o=(\w+);:,.*)\n$", line, re.S)
            tid, record, op = int(m[1]), m[2], m[3].decode()
            mark = MARK.match(record)
            if mark and mark[1] == b"1":
                inside.add(tid)
            elif mark:
                inside.discard(tid)
            elif tid in inside and not op.startswith("state_"):
                found.setdefault(tid, []).append(without_identity(record))
                if op.startswith("execve") and record.endswith(b"s=0;:,"):
                    inside.discard(tid)
    return found


def problem(op, program):
    """What is wrong with the records of OP, None when nothing."""
    shutil.rmtree("dir", ignore_errors=True)
    os.mkdir("dir")
    os.chmod("dir", 0o777)
    done = subprocess.run([IORIOT, "--quiet", "-c", "../op.capture", "--", program, op], cwd="dir",
                          capture_output=True, timeout=60, check=False)
    if done.returncode:
        return f"status {done.returncode}: {done.stderr!r}"
    expected = {}
    for line in done.stdout.splitlines():
        tid, record = line.split(b" ", 1)
        expected.setdefault(int(tid), []).append(record)
    got = between_marks("op.capture")
    if got != expected:
        return f"got {got}, expected {expected}"
    results = [int(m) for m in re.findall(rb"s=(-?\d+);:,", done.stdout)]
    if op not in NEVER_FAIL and not any(r < 0 for r in results):
        return "no call that fails"
    if op not in MAY_NOT_WORK and results and not any(r >= 0 for r in results):
        return f"no call that works: {results}"
    return None if expected else "nothing expected"


def main():
    program = os.path.abspath(sys.argv[1])
    tested = subprocess.run([program, "--list"], capture_output=True, text=True,
                            check=True).stdout.split()
    failed = False
    for op in rows():
        wrong = problem(op, program) if op in tested else "has no test in op_calls.c"
        print(f"not ok {op}: {wrong}" if wrong else f"ok {op}")
        failed |= wrong is not None
    return failed


if __name__ == "__main__":
    sys.exit(main())
