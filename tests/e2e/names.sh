#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What threads are called and whose they are, each by itself and at the time of each call; -F by it, also in the kernel.
# shellcheck source=../bpf_lib.sh
. "$TESTS/lib.sh"
. "$TESTS/bpf_lib.sh"

cat > program.py <<'E1'
import ctypes, os, sys, threading
libc = ctypes.CDLL(None, use_errno=True)

def rename(name):
	libc.prctl(15, name, 0, 0, 0)

def touch(name):
	os.close(os.open(name, os.O_CREAT | os.O_RDWR))

def work(i):
	touch(f"before{i}")
	rename(b"worker;%d" % i)
	touch(f"worker{i}")
	with open(f"/proc/self/task/{threading.main_thread().native_id}/comm", "w") as f:
		f.write(f"main-by-{i}-and-longer")
	if len(sys.argv) > 1:
		ready.set()
		go.wait()
	touch(f"after{i}")

ready, go = threading.Event(), threading.Event()
rename(b"first")
if len(sys.argv) > 1: # what is there when a capture attaches
	t = threading.Thread(target=work, args=(7,))
	t.start()
	ready.wait()
	touch("ready")
	open(sys.argv[1]).read()
	touch("main")
	go.set()
	t.join()
	sys.exit()
for i in range(2):
	t = threading.Thread(target=work, args=(i,))
	t.start()
	t.join()
	touch(f"main{i}")
if os.fork() == 0:
	touch("child")
	if os.geteuid() == 0:
		os.setuid(1234)
	touch("child2")
	os.execvp("touch", ["touch", "exec"])
os.wait()
fd = os.open("/bin/cat", os.O_RDONLY | os.O_CLOEXEC)
if os.fork() == 0:
	os.dup2(os.open("comm", os.O_CREAT | os.O_WRONLY), 1)
	os.execve(fd, ["x", "/proc/self/comm"], {})
os.wait()
E1
user=$(id -u)
next=$user
[ "$user" -ne 0 ] || next=1234
record() { # NAME OPTION...
	rm -rf work
	mkdir -m 777 work
	check "record $*" sh -c 'cd work && exec "$@"' sh "$IORIOT" --quiet -c "../$1.capture" "${@:2}" -- python3 -I ../program.py
	check "$1: it is valid" python3 "$TESTS/capture_check.py" "$1.capture"
}
rows() { # CAPTURE FILTER: of each open in the work directory: its file, and what the thread is called and whose
	"$IORIOT" --quiet -a "$1.capture" -F "op==openat && dir=~'/work$' && file!~'/comm$' && ($2)" --export csv:/dev/stdout | python3 -c 'import csv, os, sys
for r in csv.DictReader(sys.stdin): print(os.path.basename(r["file"]), r["comm"], r["uid"])'
}
wanted="before0 first $user
worker0 worker;0 $user
after0 worker;0 $user
main0 main-by-0-and-l $user
before1 main-by-0-and-l $user
worker1 worker;1 $user
after1 worker;1 $user
main1 main-by-1-and-l $user
child main-by-1-and-l $user
child2 main-by-1-and-l $next
exec touch $next"
called() { # NAME OPTION...
	record "$@"
	check "$1: a change is told once" test "$(grep -c ';:,o=state_thread;:,U=[0-9]*;:,p=first;' "$1.capture")" -eq 1
	equal "$1: what threads are called" "$(rows "$1" 'file!~"/[.]"')" "$wanted"
	equal "$1: a program without a name is called as the kernel does" \
		"$("$IORIOT" --quiet -a "$1.capture" -F 'op==openat && file=="/proc/self/comm"' --export csv:/dev/stdout | tail -n 1 |
			cut -d , -f 5)" "$(cat work/comm)"
	for filter in 'comm==first' 'comm in ("worker;1", none)' 'comm!="main-by-1-and-l" && uid!=1' "uid==$next && comm=~'^(main|touch)'"; do
		record "$1-some" "${@:2}" -F "$filter && !(op in (mmap, munmap))"
		equal "$1: -F $filter" "$(rows "$1-some" "$filter")" "$(rows "$1" "$filter")"
	done
	check "$1: replay" "$IORIOT" --quiet -c "$1.capture" -r "$1.replay" -n names
	check "$1: back from records" sh -c '"$0" --quiet -a "$1.capture" --export records:x.records &&
		"$0" --quiet --import records:x.records -c back.capture && cmp "$1.capture" back.capture' "$IORIOT" "$1"
}
called ptrace
check "ptrace: a second implementation" sh -c '"$0" --quiet -a ptrace.capture --by comm --top 0 > by.comm &&
	"$0" --quiet -a ptrace.capture --export csv:all.csv && "$1" ptrace.capture all.csv by.comm comm' "$IORIOT" "$TESTS/analyse/second.py"
rm -rf work
mkdir -m 777 work
check "parts" sh -c 'cd work && exec "$@"' sh "$IORIOT" --quiet -c ../parts.capture --max-size=64K -- python3 -I ../program.py
check "parts: there are several" test -e parts.capture.2
equal "parts: each file knows" "$(for part in $(printf '%s\n' parts.capture* | sort -V); do
	cp "$part" part.capture; rows part 'file!~"/[.]"'; done)" "$wanted"

# 32-bit calls (int $0x80) of a 64-bit program
compat_lacks() {
	[ "$(uname -m)" = x86_64 ] || echo "needs x86-64"
}
cat > compat.c <<'E1'
#define _GNU_SOURCE
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static long call(long number, long a, long b)
{
	long r;

	__asm__ volatile("int $0x80" : "=a"(r) : "0"(number), "b"(a), "c"(b), "d"(b), "S"(0L), "D"(0L) : "memory", "r8", "r9",
		"r10", "r11");
	return r;
}

int main(void)
{
	char *low = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);

	close(open("one", O_CREAT | O_RDWR, 0666));
	strcpy(low, "of 32 bits");
	if (call(172, 15, (long)low) || call(172, 16, (long)low + 64))
		return 1;
	close(open("two", O_CREAT | O_RDWR, 0666));
	if (geteuid() == 0 && call(213, 1234, 0))
		return 1;
	close(open("three", O_CREAT | O_RDWR, 0666));
	return 0;
}
E1
compat() { # NAME OPTION...: the same by 32-bit calls
	rm -rf work
	mkdir -m 777 work
	check "$1: record 32-bit calls" sh -c 'cd work && exec "$@"' sh "$IORIOT" --quiet -c "../$1.capture" "${@:2}" -- ../compat
	equal "$1: 32-bit calls" "$(rows "$1" 'file=~"/(two|three)$"')" "two of 32 bits $user
three of 32 bits $next"
}
why_not=$(compat_lacks)
if [ -n "$why_not" ]; then
	skip "32-bit calls" "$why_not"
else
	check "build a program with 32-bit calls" cc -O1 -o compat compat.c
	compat ptrace32
fi

why=$(bpf_lacks)
if [ -n "$why" ]; then
	skip "with BPF" "$why"
	done_testing
fi
called bpf --backend=bpf
[ -n "$why_not" ] || compat bpf32 --backend=bpf
mkfifo go
mkdir -p there/work
(cd there/work && exec python3 -I ../../program.py ../../go) &
program=$!
await test -e there/work/ready
"$IORIOT" -c attached.capture --backend=bpf -x $program 2> said &
recorder=$!
check "attached: it records" await grep -q 'attached, recording' said
echo > go
wait $program
wait $recorder
equal "attached: status" $? 0
equal "attached: what threads that were there are called" "$(rows attached 'file!~"/[.]"')" "main main-by-7-and-l $user
after7 worker;7 $user"
done_testing
