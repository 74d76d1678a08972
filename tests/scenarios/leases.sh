#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Leases: given, refused, broken by opens that wait and by opens that do not, and gone with their descriptor.
# shellcheck source=../scenario_lib.sh
. "$TESTS/scenario_lib.sh"

setup() {
	seq 5000 > file
	cat > program.py <<'PROGRAM'
import errno, fcntl, os, signal

SET, GET = fcntl.F_SETLEASE, fcntl.F_GETLEASE
READ, WRITE, NONE = fcntl.F_RDLCK, fcntl.F_WRLCK, fcntl.F_UNLCK


def refused(error, call, *args):
    try:
        call(*args)
    except OSError as e:
        assert e.errno == error, e
    else:
        raise AssertionError(f"{call} {args} worked")


def child(work):
    pid = os.fork()
    if pid == 0:
        work()
        os._exit(0)
    return pid


signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGIO])
fd = os.open("file", os.O_RDONLY)
fcntl.fcntl(fd, SET, READ)
assert fcntl.fcntl(fd, GET) == READ
os.close(os.open("file", os.O_RDONLY))
refused(errno.EAGAIN, os.open, "file", os.O_WRONLY | os.O_NONBLOCK)
fcntl.fcntl(fd, SET, NONE)
refused(errno.EAGAIN, fcntl.fcntl, fd, SET, NONE)
refused(errno.EINVAL, fcntl.fcntl, fd, SET, 7)
other = os.open("file", os.O_WRONLY)
refused(errno.EAGAIN, fcntl.fcntl, fd, SET, READ)
os.close(other)

# an open of another process, which waits until the lease is given up
signal.sigtimedwait([signal.SIGIO], 0)
fcntl.fcntl(fd, SET, WRITE)
pid = child(lambda: os.write(os.open("file", os.O_WRONLY | os.O_TRUNC), b"child"))
signal.sigwait([signal.SIGIO])
fcntl.fcntl(fd, SET, NONE)
os.waitpid(pid, 0)
assert os.read(fd, 100) == b"child"

# a lease goes with the last descriptor of its description
os.close(fd)
fd = os.open("file", os.O_RDONLY)
fcntl.fcntl(fd, SET, WRITE)
copy = os.dup(fd)
os.close(fd)
refused(errno.EAGAIN, os.open, "file", os.O_RDONLY | os.O_NONBLOCK)
os.close(copy)
os.open("file", os.O_RDWR | os.O_NONBLOCK)
directory = os.open(".", os.O_RDONLY)
refused(errno.EINVAL, fcntl.fcntl, directory, SET, READ)
PROGRAM
}

scenario leases . python3 program.py
check "leases are issued" grep -q '|F_SETLEASE|1|>-|0|fcntl@' leases/run.replay
check "and refused" grep -q '|F_SETLEASE|0|>-|-EAGAIN|fcntl@' leases/run.replay
scenario_as_user leases-user . python3 program.py
done_testing
