#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What strace recorded of real programs becomes captures, which are replayed without divergence and
# have the calls, arguments and results that ioriot records of another run.
# shellcheck source=../lib.sh
. "$TESTS/lib.sh"

export ASAN_OPTIONS=${ASAN_OPTIONS-}:detect_leaks=0
export PYTHONDONTWRITEBYTECODE=1 PYTHONHASHSEED=0
mkdir root

# shellcheck disable=SC2317 # check calls it
# in_work COMMAND...: in a fresh directory, as $setup leaves it.
in_work() {
	rm -rf work
	mkdir work
	(cd work && bash -euc "$setup" && exec env HOME="$TEST_TMP/home" "$@") </dev/null 2>&1 | cat >said.txt
	return "${PIPESTATUS[0]}"
}

# imported NAME COMMAND...
imported() {
	local name=$1
	shift
	check "$name: recorded by ioriot" in_work "$IORIOT" --quiet -c "$TEST_TMP/own.capture" -- "$@"
	check "$name: recorded by strace" in_work strace -f -ttt -T -y -o "$TEST_TMP/$name.strace" "$@"
	status_is "$name: imported, nothing is lost" 0 "$IORIOT" --import "strace:$name.strace" -c "$name.capture"
	says "$name: what was imported" "^$name.capture: [0-9]+ records of [0-9]+ lines, [0-9]+ processes"
	[ "$name" = pipe ] || # how much a pipe has when it is read is chance
		check "$name: the same calls" "$TESTS/import_compare.py" own.capture "$name.capture"
	status_is "$name: generated" 0 "$IORIOT" -c "$name.capture" -r "$name.replay" -n "$name" --root root
	status_is "$name: replayed" 0 "$IORIOT" -R "$name.replay" --root root -D -p 1 -t 4
	says "$name: without divergence" '^0 divergences'
}

mkdir home
setup="cp -r '$SOURCE/docs' docs"
imported tar tar -cf all.tar docs
imported pipe tar -czf all.tgz docs

setup="git init -q . && cp '$SOURCE'/docs/*.md ."
imported git git add .

setup=:
imported sqlite sh -c 'sqlite3 db "PRAGMA journal_mode=WAL; CREATE TABLE t(a, b); INSERT INTO t VALUES(1, 2);
	UPDATE t SET b = 3;" && sqlite3 db "SELECT * FROM t; DROP TABLE t; VACUUM;"'

# A file of each process, which strace's own program merges by time.
each=(sh -c 'for i in 1 2 3; do (echo $i > f$i; cat f$i > g$i; mv g$i h$i); done')
check "each: recorded by ioriot" in_work "$IORIOT" --quiet -c "$TEST_TMP/own.capture" -- "${each[@]}"
check "each: recorded by strace -ff" in_work strace -ff -ttt -T -y -o "$TEST_TMP/each.strace" "${each[@]}"
check "each: files" test "$(find . -maxdepth 1 -name 'each.strace.*' | wc -l)" -ge 4
strace-log-merge each.strace > merged.strace
status_is "each: imported, nothing is lost" 0 "$IORIOT" --import strace:merged.strace -c each.capture
check "each: the same calls" "$TESTS/import_compare.py" own.capture each.capture
status_is "each: generated" 0 "$IORIOT" -c each.capture -r each.replay -n each --root root
status_is "each: replayed" 0 "$IORIOT" -R each.replay --root root -D -p 1 -t 4
says "each: without divergence" '^0 divergences'

mkdir program
cat >program/program.py <<'E2'
import fcntl, os, socket, threading
f = open("a", "w+")
f.write("x" * 10000)
f.flush()
fd = f.fileno()
os.pwritev(fd, [b"ab", b"cde"], 17)
os.preadv(fd, [bytearray(7), bytearray(9)], 3)
os.utime("a", ns=(5, 7))
os.mkdir("d\n\x01;|\xe9")
os.symlink("a", "l")
os.readlink("l")
os.mkfifo("p")
os.chmod("a", 0o4755)
fcntl.flock(f, fcntl.LOCK_EX | fcntl.LOCK_NB)
fcntl.lockf(f, fcntl.LOCK_EX | fcntl.LOCK_NB, 5, 6, 0)
os.copy_file_range(fd, os.open("b", os.O_RDWR | os.O_CREAT), 100, 0, 5)
os.sendfile(os.open("c", os.O_RDWR | os.O_CREAT, 0o600), fd, 5, 50)
os.posix_fallocate(fd, 0, 20000)
os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_RANDOM)
os.truncate("a", 5)
os.rename("b", "bb")
os.link("bb", "b3")
os.stat("bb")
os.statvfs(".")
os.access("a", os.R_OK | os.W_OK)
os.chown("a", -1, os.getgid())
os.listdir(".")
os.dup2(fd, 55)
for i in range(3):
    t = threading.Thread(target=lambda: open("t%d" % i, "w").write("x"))
    t.start()
    t.join()
try:
    os.open("nope/\xff", os.O_RDONLY)
except OSError:
    pass
os.mknod("nod", 0o600)
os.fsync(fd)
os.ftruncate(fd, 99)
os.lseek(fd, -4, 2)
os.umask(0o77)
os.pipe()
os.memfd_create("x")
os.eventfd(3)
socket.socketpair()
s = socket.socket(socket.AF_UNIX)
s.bind("sock")
s.close()
os.chdir("d\n\x01;|\xe9")
open("deep", "w").close()
os.chdir("..")
os.getcwd()
E2
imported python /usr/bin/python3 -S -E ../program/program.py

# who the threads were, as ioriot itself records it
if is_root; then
	cat >program/users.py <<'E2'
import os, threading
def touch(name):
    os.close(os.open(name, os.O_CREAT | os.O_WRONLY))
os.chmod(".", 0o777)
touch("root")
os.setresuid(-1, 65534, -1)
touch("nobody")
os.setreuid(-1, 0)
touch("root again")
t = threading.Thread(target=touch, args=("thread",))
t.start()
t.join()
if os.fork() == 0:
    os.setuid(65533)
    touch("child")
    os.execv("/bin/touch", ["touch", "program"])
os.wait()
E2
	imported users /usr/bin/python3 -S -E ../program/users.py
	for of in own users; do
		"$IORIOT" --quiet -a "$of.capture" --export "jsonl:$of.jsonl" -F 'file=~"/work/" && op in (openat,chmod)'
		python3 -c 'import json, sys
for line in sys.stdin:
    call = json.loads(line)
    print(call["op"], call["file"], call["comm"], call["uid"])' < "$of.jsonl" > "$of.users"
	done
	equal "users: as ioriot records them" "$(cat users.users)" "$(cat own.users)"
	equal "users: of the program behind setuid" "$(grep -c '^openat .*/work/program touch 65533$' own.users)" 1
else
	skip "users" "an ordinary user cannot become another one"
fi

# compressed, analysed, compared with its own replay
zstd -q tar.strace
status_is "compressed lines" 0 "$IORIOT" --quiet --import strace:tar.strace.zst -c again.capture.zst
check "the same capture" cmp <(sed 1d tar.capture) <(zstd -dcq again.capture.zst | sed 1d)
status_is "an import is analysed" 0 "$IORIOT" -a tar.capture --by op
says "an import is analysed: by operation" 'write'

# what is lost: counted, with a reason and the first line
{ head -n 200 tar.strace; echo '1 1795292911.299057 openat(AT_FDCWD, "/x", O_RDONLY|O_NEVER_HEARD) = 3'; echo 'no line'; } >some.strace
status_is "lost calls" 3 "$IORIOT" --import strace:some.strace -c some.capture
says "lost calls: the flag" ' 1  a flag that is not known, first in line 201'
says "lost calls: the line" ' 1  a line that strace does not write, first in line 202'
says "lost calls: all of them" '^ioriot: some.strace: 2 calls were lost$'
equal "lost calls: in the capture" "$(grep -c ';:,o=lost;:,' some.capture)" 2
status_is "a replay of it says so" 3 "$IORIOT" -a some.capture
head -c 3000 tar.strace >cut.strace
status_is "a file that is cut" 3 "$IORIOT" --import strace:cut.strace -c cut.capture
says "a file that is cut: sentence" '^ioriot: cut.strace: cut short'

echo 'close(3) = 0' >bare.strace
fails "lines without times" 1 'line 1 is not what strace -f -ttt -T -y writes: close\(3\) = 0$' \
	"$IORIOT" --import strace:bare.strace -c bare.capture
absent "nothing is left of it" bare.capture
fails "no such file" 1 'none.strace' "$IORIOT" --import strace:none.strace -c x.capture
fails "standard input" 2 '--import needs strace:FILE or fio:FILE, which are read more than once' \
	"$IORIOT" --import strace:- -c x.capture
fails "another format" 2 '--import needs strace:FILE' "$IORIOT" --import perf:x -c x.capture
fails "no capture to write" 2 '--import needs -c' "$IORIOT" --import strace:tar.strace
done_testing
