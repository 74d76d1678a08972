#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The checks of scripts/syscall_matrix.sh that are more than a grep. Prints "ok" or "not ok" lines.

usage: syscall_matrix_check.py capture-ops CAPTURE LOG
       syscall_matrix_check.py replay-ops REPLAY LOG
       syscall_matrix_check.py same-calls CAPTURE LOG BASE_DIR
       syscall_matrix_check.py only-the-tree STRACE TREE BASE_DIR
       syscall_matrix_check.py found BASE_DIR REPLAYED PATHS
"""
import os
import platform
import re
import sys

# What the procedure lists. A call that an architecture does not have surfaces under its new name.
EXPECTED = """creat openat close read readv write writev fstat newfstatat statfs fstatfs fcntl readahead
sync syncfs sync_file_range getdents lseek mkdir mkdirat rename renameat renameat2 unlink unlinkat
rmdir readlink readlinkat chmod fchmod fchmodat chown fchown fchownat lchown""".split()
OLD = set("creat getdents mkdir rename unlink rmdir readlink chmod chown lchown renameat".split())

# Descriptors that are no files: no replay has these calls, or (pidfd_getfd) it depends.
NO_FILES = set("""pipe pipe2 eventfd eventfd2 signalfd signalfd4 timerfd_create pidfd_open epoll_create
epoll_create1 tee vmsplice socket socketpair accept accept4 perf_event_open bpf inotify_init
inotify_init1 inotify_add_watch inotify_rm_watch fanotify_init fanotify_mark memfd_create memfd_secret
userfaultfd quotactl quotactl_fd statmount listmount
open_by_handle_at recvmsg recvmmsg pidfd_getfd""".split())

CHANGING = set("""creat mkdir mkdirat mknod mknodat rmdir unlink unlinkat rename renameat renameat2
link linkat symlink symlinkat truncate chmod fchmodat fchmodat2 chown lchown fchownat utime utimes
futimesat utimensat""".split())


def verdict(name, wrong):
    """WRONG is a list of what is not as it should be."""
    print(f"not ok {name}: {'; '.join(map(str, wrong[:10]))}" if wrong else f"ok {name}")
    return 1 if wrong else 0


def read_log(path):
    with open(path, encoding="ascii") as log:
        return [(name, int(result)) for name, result in (line.split() for line in log)]


def expected():
    return [op for op in EXPECTED if platform.machine() == "x86_64" or op not in OLD]


def ops_in(path, regex):
    found = set()
    with open(path, encoding="utf-8", errors="surrogateescape") as lines:
        for line in lines:
            m = re.search(regex, line)
            if m:
                found.add(m.group(1))
    return found


def capture_ops(capture, log):
    found = ops_in(capture, r";:,o=([^;]+);:,")
    wanted = set(expected()) | {name for name, _ in read_log(log)}
    return verdict(f"the capture has all {len(wanted)} operations", sorted(wanted - found))


def replay_ops(replay, log):
    found = ops_in(replay, r"\|([a-z0-9_]+)@[0-9]+\|\s*$")
    wanted = (set(expected()) | {name for name, _ in read_log(log)}) - NO_FILES
    return verdict(f"the replay has all {len(wanted)} operations", sorted(wanted - found))


def captured_calls(capture):
    """(op, result, path) of every call, in the order of the file. Touched pages are no calls."""
    with open(capture, encoding="utf-8", errors="surrogateescape") as lines:
        for line in lines:
            keys = dict(token.split("=", 1) for token in line.rstrip("\n").split(";:,") if "=" in token)
            if "o" in keys and "s" in keys and keys["o"] not in ("map_read", "map_write"):
                yield keys["o"], int(keys["s"]), keys.get("p")


def same_calls(capture, log, base):
    """What was captured is call for call what the program logged: names and results."""
    calls, logged = list(captured_calls(capture)), read_log(log)
    at = next((i for i, call in enumerate(calls) if call[0] == "mkdirat" and call[2] == base), None)
    if at is None:
        return verdict("the capture is what the program logged", [f"no mkdirat of {base}"])
    at -= [name for name, _ in logged].index("mkdirat")
    window = [(op, result) for op, result, _ in calls[at:at + len(logged)]]
    wrong = [f"call {i}: captured {c}, logged {l}"
             for i, (c, l) in enumerate(zip(window, logged)) if c != l]
    if len(window) != len(logged):
        wrong.append(f"{len(window)} captured, {len(logged)} logged")
    return verdict(f"the capture is what the program logged, {len(logged)} calls", wrong)


def only_the_tree(strace, tree, base):
    """No call of the replay names the original files, or changes anything outside of its trees."""
    mark = os.path.basename(base)
    original, outside = [], []
    with open(strace, encoding="utf-8", errors="replace") as lines:
        for line in lines:
            m = re.match(r"\d+ +(\w+)\(", line)
            names = re.findall(r'"(/[^"]*)"', line)
            if m and m.group(1) != "execve":
                original += [line.strip() for n in names if mark in n and not in_tree(n, tree)]
            if m and m.group(1) in CHANGING:
                outside += [line.strip() for n in names if not allowed(n, tree, strace)]
            elif m and m.group(1).startswith("open") and re.search(r"O_(WRONLY|RDWR|CREAT|TRUNC)", line):
                outside += [line.strip() for n in names[:1] if not allowed(n, tree, strace)]
    return (verdict("the replay never names the original files", original) |
            verdict("the replay changes nothing outside of its trees", outside))


def in_tree(name, tree):
    """There is one tree for each mount point that the program used."""
    place, found, rest = name.partition("/.ioriot/" + os.path.basename(tree))
    return bool(found) and ".ioriot" not in place and rest[:1] in ("", "/")


def is_counters(name):
    """The counters of a build of scripts/coverage.sh, and the directories on the way there."""
    counters = os.path.dirname(os.environ.get("LLVM_PROFILE_FILE", ""))
    return counters != "" and (os.path.dirname(name) == counters or (counters + "/").startswith(name + "/"))


def allowed(name, tree, strace):
    """The trees with their markers, the results of the run, and what is no file on a disk."""
    marker = "/.ioriot/." in name and name.startswith(os.path.dirname(os.path.dirname(tree)))
    return (in_tree(name, tree) or marker or name.startswith(("/dev/", "/proc/self/")) or
            os.path.dirname(strace) in (name, os.path.dirname(name)) or is_counters(name))


def found_names(base, replayed, paths):
    names = ["creat-renamed.txt", "creat-symlink.txt", "creat.txt"]
    if platform.machine() != "x86_64":
        names = []
    names += ["dirA/openat-renamed.txt", "dirA/openat2.txt", "emptydir", "head-renamed.bin",
              "link-open.txt", "open-renamed.txt"]
    wanted = {os.path.join(replayed, name) for name in names}
    missing = [name for name in names if not os.path.lexists(os.path.join(base, name))]
    return (verdict("the original files are as they must be", missing) |
            verdict("find shows the same names in the tree", sorted(wanted ^ set(paths.split()))))


COMMANDS = {"capture-ops": capture_ops, "replay-ops": replay_ops, "same-calls": same_calls,
            "only-the-tree": only_the_tree, "found": found_names}

if __name__ == "__main__":
    sys.exit(COMMANDS[sys.argv[1]](*sys.argv[2:]))
