#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Processes that pass descriptors to each other: in messages over sockets, some of them closed by the
# sender at once, and taken by pidfd_getfd(2). Offsets stay shared.
# shellcheck source=../scenario_lib.sh
. "$TESTS/scenario_lib.sh"

# shellcheck disable=SC2317 # called by scenario
setup() {
	seq 1000 > lines
	cat > program.py <<'PROGRAM'
import ctypes, multiprocessing, multiprocessing.reduction, os, socket


def reader(s):
    """Gets descriptors, reads on where the sender stopped, and writes behind what it wrote."""
    while True:
        message, fds, _, _ = socket.recv_fds(s, 100, 8)
        if not fds:
            break
        for fd in fds[1:]:
            data = os.read(fd, 100)
            os.write(fds[0], b"%d: " % len(data) + data[:20] + b"\n")
            os.close(fd)
        os.write(fds[0], b"reader " + message + b"\n")
        os.close(fds[0])
        s.send(b"done")


def messages():
    here, there = socket.socketpair()
    child = os.fork()
    if child == 0:
        here.close()
        reader(there)
        os._exit(0)
    there.close()
    log = os.open("log", os.O_RDWR | os.O_CREAT, 0o644)
    for n in range(20):
        fds = [os.open("lines", os.O_RDONLY) for _ in range(n % 3)]
        for fd in fds:
            os.lseek(fd, n * 50, os.SEEK_SET)
        pipe = os.pipe()
        os.write(pipe[1], b"through the pipe")
        os.write(log, b"writer %d\n" % n)
        socket.send_fds(here, [b"%d" % n], [log] + fds + [pipe[0]])
        for fd in fds + list(pipe):
            os.close(fd)
        here.recv(10)
    os.lseek(log, 100, os.SEEK_CUR)
    os.write(log, b"behind a hole\n")
    here.close()
    os.waitpid(child, 0)


def worker(pipe):
    fd = multiprocessing.reduction.recv_handle(pipe)
    os.write(fd, b"worker\n")
    os.lseek(fd, 0, os.SEEK_SET)
    os.write(fd, b"WORKER")
    pipe.send("done")


def handles():
    mine, its = multiprocessing.Pipe()
    process = multiprocessing.get_context("fork").Process(target=worker, args=(its,))
    process.start()
    with open("handle", "wb", buffering=0) as f:
        f.write(b"parent\n")
        multiprocessing.reduction.send_handle(mine, f.fileno(), process.pid)
        mine.recv()
        f.write(b", parent")
    process.join()


def deleted():
    """Only the message still has it: the file is gone when it is received."""
    a, b = socket.socketpair()
    fd = os.open("gone", os.O_RDWR | os.O_CREAT, 0o600)
    os.write(fd, b"0123456789")
    os.unlink("gone")
    socket.send_fds(a, [b"x"], [fd])
    os.close(fd)
    _, fds, _, _ = socket.recv_fds(b, 10, 1)
    os.write(fds[0], b"more")
    assert os.pread(fds[0], 20, 5) == b"56789more"


def taken():
    call = ctypes.CDLL(None, use_errno=True).syscall
    r, w = os.pipe()
    fd = os.open("taken", os.O_RDWR | os.O_CREAT, 0o600)
    os.write(fd, b"parent")
    child = os.fork()
    if child == 0:
        pidfd = os.pidfd_open(os.getppid())
        os.close(fd)
        got = call(438, pidfd, fd, 0)
        if got >= 0:
            os.write(got, b" child")
        os._exit(0 if got >= 0 else 1)
    if os.waitpid(child, 0)[1] == 0:
        os.write(fd, b" and parent")
    else:
        print("NO_PIDFD_GETFD")


messages()
handles()
deleted()
taken()
PROGRAM
}

scenario passing . /usr/bin/python3 -I program.py
scenario_as_user passing_user . /usr/bin/python3 -I program.py
base=$TEST_TMP/passing
calls=$(grep -oP ';:,o=\K(sendmsg|recvmsg|recv_fd|pidfd_getfd)(?=;:,)' "$base/run.capture" | sort | uniq -c |
	awk '{ printf "%s %d ", $2, $1 }')
equal "only messages with descriptors are recorded" "$calls" \
	"pidfd_getfd 1 recv_fd 61 recvmsg 22 sendmsg 22 "

# Its end begins, and takes a while until it comes to the descriptors.
setup() {
	cat > program.py <<'PROGRAM'
import ctypes, mmap, os

call = ctypes.CDLL(None, use_errno=True).syscall


def ends(name):
    r, w = os.pipe()
    child = os.fork()
    if child == 0:
        memory = mmap.mmap(-1, 64 << 20)
        memory.madvise(mmap.MADV_NOHUGEPAGE)
        for at in range(0, len(memory), 4096):
            memory[at] = 1
        fd = os.open(name, os.O_RDWR | os.O_CREAT, 0o600)
        os.write(w, bytes([fd]))
        os._exit(0)
    pidfd = os.pidfd_open(child)
    fd = os.read(r, 1)[0]
    while (got := call(438, pidfd, fd, 0)) >= 0:
        os.write(got, b"taken")
        os.close(got)
    os.waitpid(child, 0)
    for fd in (pidfd, r, w):
        os.close(fd)


for i in range(20):
    ends(f"ends{i}")
PROGRAM
}
scenario ending . /usr/bin/python3 -I program.py
echo "taken from who had begun to end: $(grep -c ';:,o=recv_fd;:,' "$TEST_TMP/ending/run.capture")"
equal "each is found that was sent" "$(grep -c 'o=recv_fd.*;:,z=0;:,' "$base/run.capture")" 0
done_testing
