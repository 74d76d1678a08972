#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Bytes that the kernel moves between files, sockets and pipes, by threads too, and cp(1).
# shellcheck source=../scenario_lib.sh
. "$TESTS/scenario_lib.sh"

setup() {
	seq 30000 > list
	truncate -s 3M holes
	echo end >> holes
	cat > program.py <<'PROGRAM'
import fcntl, os, socket, subprocess, threading

COPIES = 8
source = os.open("list", os.O_RDONLY)
size = os.fstat(source).st_size
target = os.open("copy", os.O_RDWR | os.O_CREAT, 0o640)
os.copy_file_range(source, target, 1000)
os.copy_file_range(source, target, 5000, 100, 50000)
os.sendfile(target, source, None, 2000)
os.sendfile(target, source, 7, 1 << 30)
assert os.sendfile(target, source, size, 10) == 0
assert os.copy_file_range(source, target, 1 << 40) == size - 3000

# To what is no file, moving the offset or not; what is read behind it depends on it.
here, there = socket.socketpair()
os.lseek(source, 500, os.SEEK_SET)
assert os.sendfile(here.fileno(), source, None, 1000) == 1000
assert os.sendfile(here.fileno(), source, 20000, 1000) == 1000
there.recv(4096)
os.read(source, 100)
assert os.lseek(source, 0, os.SEEK_CUR) == 1600
for call in (lambda: os.sendfile(source, source, 0, 1), lambda: os.copy_file_range(999, 998, 1),
             lambda: os.copy_file_range(here.fileno(), target, 1)):
    try:
        call()
        raise SystemExit("a call worked that cannot")
    except OSError:
        pass

# By way of pipes, of any size, moving offsets or not.
get, put = os.pipe()
spliced = os.open("spliced", os.O_RDWR | os.O_CREAT, 0o600)
os.lseek(source, 0, os.SEEK_SET)
assert os.splice(source, put, 5000) == 5000
assert os.splice(get, spliced, 3000) == 3000
assert os.splice(get, spliced, 10000, offset_dst=70001) == 2000
assert os.splice(source, put, 10, offset_src=size) == 0
assert os.lseek(source, 0, os.SEEK_CUR) == 5000 and os.lseek(spliced, 0, os.SEEK_CUR) == 3000
fcntl.fcntl(put, fcntl.F_SETPIPE_SZ, 1 << 20)
moved = os.splice(source, put, 1 << 20)
assert moved > 65536
while moved:
    moved -= os.splice(get, spliced, moved, flags=os.SPLICE_F_MOVE)
for call in (lambda: os.splice(source, spliced, 1), lambda: os.splice(999, put, 1),
             lambda: os.splice(get, spliced, 1, flags=os.SPLICE_F_NONBLOCK)):
    try:
        call()
        raise SystemExit("a splice worked that cannot")
    except OSError:
        pass
reader = subprocess.Popen(["dd", "of=by-dd", "bs=4k", "iflag=fullblock", "status=none"], stdin=subprocess.PIPE)
for at in range(0, 40000, 1000):
    assert os.splice(source, reader.stdin.fileno(), 1000, offset_src=at) == 1000
reader.stdin.close()
assert reader.wait() == 0


def part(n):
    step = size // COPIES + 1
    os.copy_file_range(source, whole, step, n * step, n * step)


whole = os.open("whole", os.O_RDWR | os.O_CREAT, 0o600)
threads = [threading.Thread(target=part, args=(n,)) for n in range(COPIES)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
assert os.fstat(whole).st_size == size
subprocess.run(["cp", "list", "by-cp"], check=True)
subprocess.run(["cp", "holes", "holes-by-cp"], check=True)
PROGRAM
}

scenario copies . python3 program.py
scenario_as_user copies-user . python3 program.py

# Each byte that was moved counts as read and as written.
root=$TEST_TMP/copies/root
printf '%s\n' '#|replay_version=4|name=t|layout=root|id=5f0c0d8e22e4a3b1|uid=0|start_wall=0|' \
	"0+1|0|0|-|$root/.ioriot/t/a|O_RDONLY|0|>0|3|open@5|" \
	"0+1|0|0|-|$root/.ioriot/t/b|O_WRONLY+O_CREAT|0600|>1|4|open@6|" \
	'0+1|0|0|-|0|-|1|-|1000|0|1000|copy_file_range@7|' \
	'0+1|0|0|-|1|0|500|4096|500|sendfile@8|' \
	'#INIT' "dir|0755|0|0|$root/.ioriot/t|" "file|0644|0|0|1000|0+1000|$root/.ioriot/t/a|" '#END' \
	> bytes.replay
status_is "bytes: initialised" 0 "$IORIOT" -i bytes.replay --root "$root"
status_is "bytes: replayed" 0 "$IORIOT" -r bytes.replay --root "$root" -D -S bytes.txt
equal "bytes: read" "$(sed -n 's/^\tBytes read: //p' bytes.txt)" 1500
equal "bytes: written" "$(sed -n 's/^\tBytes written: //p' bytes.txt)" 1500
done_testing
