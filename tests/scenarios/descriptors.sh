#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Threads that open and close files, pipes, sockets and their kin at the same time, so that one number
# is one thing after the other.
# shellcheck source=../scenario_lib.sh
. "$TESTS/scenario_lib.sh"

setup() {
	cat > program.py <<'PROGRAM'
import os, select, signal, socket, subprocess, threading

os.mkdir("out")
for n in range(8):
    with open(f"in{n}", "wb") as f:
        f.write(b"%d" % n * 5000)


def files(n):
    for i in range(100):
        fd = os.open(f"in{n}", os.O_RDWR)
        assert os.pread(fd, 10, n) == b"%d" % n * 10
        os.pwrite(fd, b"%d" % n * 10, 5000 + 10 * i)
        copy = os.dup(fd)
        os.close(fd)
        os.lseek(copy, i, os.SEEK_SET)
        os.close(copy)


def others(n):
    for i in range(100):
        r, w = os.pipe()
        a, b = socket.socketpair()
        os.write(w, b"x")
        assert os.read(r, 5) == b"x"
        a.send(b"y")
        assert b.recv(5) == b"y"
        os.close(r)
        epoll = select.epoll()
        event = os.eventfd(0)
        os.close(event)
        a.close()
        epoll.close()
        os.close(w)
        b.close()
        if i % 10 == 0:
            os.close(os.pidfd_open(os.getpid()))


threads = [threading.Thread(target=f, args=(n,)) for n in range(4) for f in (files, others)]
for t in threads:
    t.start()
for t in threads:
    t.join()
for n in range(5):
    with open(f"out/{n}", "wb") as out:
        subprocess.run("cat in%d | tr 0-9 a-j" % n, shell=True, stdout=out, check=True)
PROGRAM
}

scenario descriptors . /usr/bin/python3 -I program.py
base=$TEST_TMP/descriptors
status_is "what generate says" 0 "$IORIOT" -c "$base/run.capture" -r again.replay -n again --root "$base/root"
for kind in pipe socket eventfd "epoll descriptor" pidfd; do
	says "on a $kind" "^ +[0-9]+  on an? $kind\$"
done
equal "nothing is guessed" "$(grep -E 'not captured|came again|contradict|other descriptor' <<<"$output")" ""
done_testing
