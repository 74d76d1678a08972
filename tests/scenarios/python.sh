#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Python with threads that share descriptors, a lock file, a directory and each other's names.
# shellcheck source=../scenario_lib.sh
. "$TESTS/scenario_lib.sh"

setup() {
	mkdir -p in
	for n in 0 1 2 3; do
		seq $((n * 1000)) > "in/$n.txt"
	done
	cat > program.py <<'PROGRAM'
import concurrent.futures, fcntl, os, tempfile, threading

shared = os.open("shared", os.O_RDWR | os.O_CREAT, 0o640)
log = open("log", "ab", buffering=0)
lock = threading.Lock()


def work(n):
    with open(f"in/{n % 4}.txt", "rb") as source:
        data = source.read()
    os.pwrite(shared, data[:4096], n * 65536)
    with lock:
        fcntl.flock(shared, fcntl.LOCK_EX)
        os.lseek(shared, n * 10, os.SEEK_SET)
        os.write(shared, b"0123456789")
        fcntl.flock(shared, fcntl.LOCK_UN)
    log.write(b"worker %d\n" % n)
    os.makedirs(f"out/{n % 3}/{n}", exist_ok=True)
    name = f"out/{n % 3}/{n}/file"
    with open(name + ".new", "wb") as out:
        out.write(data)
        out.seek(1 << 20, os.SEEK_CUR)
        out.write(b"end")
        os.fsync(out.fileno())
    os.rename(name + ".new", name)
    os.link(name, f"out/{n % 3}/link{n}")
    with tempfile.TemporaryFile(dir="out") as scratch:
        scratch.write(data)
        scratch.seek(0)
        assert scratch.read() == data
    try:
        os.mkdir("out/same")
    except FileExistsError:
        pass
    os.truncate(name, 5000 + n)
    os.chmod(name, 0o600 + n % 8)
    return sorted(os.listdir(f"out/{n % 3}"))


with concurrent.futures.ThreadPoolExecutor(6) as pool:
    list(pool.map(work, range(24)))
os.ftruncate(shared, 3 << 20)
child = os.fork()
if child == 0:
    os.lseek(shared, 100, os.SEEK_SET)
    os.write(shared, b"child")
    os._exit(0)
os.waitpid(child, 0)
os.write(shared, b"parent, behind the child")
os.close(shared)
PROGRAM
}

scenario python . /usr/bin/python3 -I program.py
scenario_as_user python_user . /usr/bin/python3 -I program.py
done_testing
