#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# time-limit: 600
# The BPF backend: what it records is what ptrace records; processes that run already; what is lost is counted.
# shellcheck source=../lib.sh
. "$TESTS/lib.sh"
# shellcheck source=../bpf_lib.sh
. "$TESTS/bpf_lib.sh"

bpf_or_skip "capture with BPF"

# --- the same program twice

cat >work.sh <<'EOF'
mkdir top && cd top
tar cf a.tar /etc/init.d 2>/dev/null
mkdir x && tar xf a.tar -C x
(cd x && ls -lR . >../list && grep -r start . >../found; sort ../found >../o; mv ../o p && ln -s p q && cat q && rm q)
rm -r x
cd .. && rm -r top
EOF
"$IORIOT" --quiet -c ptrace.capture --backend=ptrace -- sh work.sh >/dev/null
equal "ptrace: status" $? 0
"$IORIOT" --quiet -c bpf.capture --backend=bpf -- sh work.sh >/dev/null
equal "bpf: status" $? 0
check "the same records" "$TESTS/vm/compare_captures.py" ptrace.capture bpf.capture
check "the capture is sound" "$TESTS/capture_check.py" bpf.capture
touch cannot && status_is "a program that cannot be" 126 "$IORIOT" -c n.capture --backend=bpf -- ./cannot
absent "and no capture of it" n.capture

# --- a thread that is not the first executes a program: from then on it has the first one's number

cat >executes.c <<'EOF'
#include <fcntl.h>
#include <pthread.h>
#include <unistd.h>

static void *second(void *arg)
{
	close(open("/etc/passwd", O_RDONLY));
	execl("/bin/cat", "cat", "/etc/group", (char *)0);
	return arg;
}

int main(void)
{
	pthread_t thread;

	pthread_create(&thread, NULL, second, NULL);
	for (;;)
		pause();
}
EOF
check "build: executes" cc -O1 -pthread -o executes executes.c
for backend in ptrace bpf; do
	"$IORIOT" --quiet -c "executes-$backend.capture" --backend="$backend" -- ./executes >/dev/null
	equal "executed by a thread, $backend: status" $? 0
done
check "executed by a thread: the same records" \
	"$TESTS/vm/compare_captures.py" executes-ptrace.capture executes-bpf.capture
numbers() { sed -n "s/.*i=\([0-9]*\):\([0-9]*\);.*o=openat;.*p=\/etc\/$1;.*/\1 \2/p" executes-bpf.capture; }
check "executed by a thread: before, it has its own number" test "$(numbers passwd | awk '$1 != $2' | wc -l)" = 1
check "executed by a thread: then the first one's" test "$(numbers group | awk '$1 == $2' | wc -l)" = 1

# --- pages of maps: each fault of a file, as the module tells them

check "build: faults" cc -O1 -static -o faults "$TESTS/vm/faults.c"
for place in "$PWD" /dev/shm; do
	name=$(findmnt -n -o FSTYPE -T "$place")
	"$IORIOT" --quiet -c faults.capture --backend=bpf -- ./faults "$place/ioriot-faults.$$" >faults.expected
	equal "pages on $name: status" $? 0
	rm -f "$place/ioriot-faults.$$"
	check "pages on $name: the page faults of the program" \
		"$TESTS/vm/compare_captures.py" --expected faults.expected faults.capture
done

# --- a program that waits, and its capture

check "build" cc -O1 -o storm "$TESTS/e2e/bpf_program.c"

# called by await
# shellcheck disable=SC2317
sleeps() { grep -q ' T ' "/proc/$1/stat"; }
# shellcheck disable=SC2317
child_sleeps() { # PID NAME
	local child
	child=$(cut -d ' ' -f 1 "/proc/$1/task/$1/children")
	[ -n "$child" ] && grep -q "($2) T" "/proc/$child/stat"
}
# shellcheck disable=SC2317
has_calls() { [ "$(grep -c 'o=lseek;:,d=-1;' lost.capture)" -gt 1000 ]; }
# shellcheck disable=SC2317
has_ended() { ! kill -0 "$1" 2>/dev/null; }

# The reader sleeps while more is made than a ring holds.
"$IORIOT" --quiet -c lost.capture --buffer=1 --backend=bpf -- ./storm 100000 &
reader=$!
if check "the program waits" await child_sleeps $reader storm; then
	program=$(cut -d ' ' -f 1 "/proc/$reader/task/$reader/children")
	kill -STOP $reader
	check "the reader sleeps" await sleeps $reader
	kill -CONT "$program"
	check "it has made its calls" await child_sleeps $reader made
	kill -CONT $reader
	# what is in the file was taken out of the ring, with all the rest
	check "it has been read" await has_calls
	kill -CONT "$program"
fi
wait $reader
equal "what is lost is in the status" $? 3
recorded=$(grep -c -e 'o=lseek;:,d=-1;' -e 'o=state_thread;.*p=made;' lost.capture)
lost=$(grep -oP 'o=lost;:,c=\K\d+' lost.capture | awk '{ n += $1 } END { print n + 0 }')
equal "recorded and lost is all that was made" $((recorded + lost)) 100001
check "there was loss" test "$lost" -gt 10000

# The reader sleeps while much is made, all of which a ring holds; what it does then takes little memory.
ASAN_OPTIONS=${ASAN_OPTIONS-}:quarantine_size_mb=1 "$IORIOT" --quiet -c held.capture --buffer=256 --backend=bpf -- \
	./storm 2000000 &
reader=$!
most=0
if check "much at once: the program waits" await child_sleeps $reader storm; then
	program=$(cut -d ' ' -f 1 "/proc/$reader/task/$reader/children")
	kill -STOP $reader
	check "much at once: the reader sleeps" await sleeps $reader
	kill -CONT "$program"
	check "much at once: it has made its calls" await child_sleeps $reader made
	kill -CONT "$program" $reader
	while now=$(awk '/^RssAnon/ { print $2 }' "/proc/$reader/status" 2>/dev/null) && [ -n "$now" ]; do
		[ "$now" -gt "$most" ] && most=$now
		sleep 0.02
	done
fi
wait $reader
equal "much at once: nothing is lost" $? 0
equal "much at once: all is recorded" "$(grep -c 'o=lseek;:,d=-1;' held.capture)" 2000000
check "much at once: memory of the reader, $most KiB" test "$most" -gt 0 -a "$most" -lt 114688
rm held.capture

# --- what runs already, and its children

mkfifo go
sh -c 'read line <go; cat work.sh; (cd / && ls); exec cat work.sh' >/dev/null &
program=$!
"$IORIOT" -c attached.capture --backend=bpf -x $program 2>attached.said &
reader=$!
check "it says that it records" await grep -q 'attached, recording' attached.said
echo >go
check "it ends with the process" await has_ended $reader
wait $reader
equal "attached: status" $? 0
wait $program
check "attached: sound" "$TESTS/capture_check.py" --attached attached.capture
check "attached: the state at the beginning" grep -q "i=$program:$program;:,o=state_task;:,p=$PWD;" attached.capture
check "attached: children" grep -q 'o=execve;:,p=[^;]*ls;:,s=0;' attached.capture
check "attached: their directory" grep -q 'o=chdir;:,p=/;:,s=0;' attached.capture
check "attached: the end" grep -q "i=$program:$program;:,o=exit_group;" attached.capture

# --- the whole host

named=n$$ # tests of the same name may run
cp "$(command -v cat)" $named
"$IORIOT" -c host.capture --comm=$named --backend=auto 2>host.said &
reader=$!
check "it says which backend it takes" await grep -q 'recording with' host.said
check "it records" await grep -q 'recording; Ctrl-C ends' host.said
./$named work.sh >/dev/null
cat work.sh >/dev/null
# a file has what is younger than a second when that is over
check "the named program is recorded" await grep -q "o=openat;:,d=AT_FDCWD;:,p=work.sh;" host.capture
kill -INT $reader
wait $reader
equal "the whole host: status" $? 0
check "the whole host: sound" "$TESTS/capture_check.py" --attached host.capture
equal "the whole host: one program only" "$(grep -c 'o=openat;:,d=AT_FDCWD;:,p=work.sh;' host.capture)" 1

# --- an ordinary user with two capabilities, which are given up before the program starts

# called by status_is
# shellcheck disable=SC2317
capable() { # NAMES COMMAND...
	setpriv --reuid=65534 --regid=65534 --clear-groups --bounding-set="-all,$1" --inh-caps="-all,$1" \
		--ambient-caps="-all,$1" -- "${@:2}"
}
mkdir -m 777 caps
# shellcheck disable=SC2016
status_is "CAP_BPF and CAP_PERFMON are enough" 0 capable +bpf,+perfmon "$IORIOT" --quiet -c caps/a.capture \
	--backend=bpf -- sh -c 'cat /proc/$PPID/task/*/status >caps/status; cat /etc/passwd'
equal "ioriot has given them up" "$(grep -cE '^Cap(Eff|Prm|Amb):[[:space:]]*0+$' caps/status)" \
	$((3 * $(grep -c '^Pid:' caps/status)))
check "the capture is sound" "$TESTS/capture_check.py" caps/a.capture
check "the program is in it" grep -q 'p=/etc/passwd;:,f=0;:,m=0;:,s=' caps/a.capture
status_is "CAP_BPF alone is not" 4 capable +bpf "$IORIOT" -c caps/b.capture --backend=bpf -- true
says "CAP_BPF alone is not: sentence" "CAP_BPF and CAP_PERFMON"

# --- limits

"$IORIOT" --quiet -c time.capture --duration=2s --comm=n$$ -L sys,block,cache=64 --backend=bpf
equal "--duration, with layers: it ends" $? 0
status_is "--max-size: the program's status" 0 "$IORIOT" --quiet -c size.capture --max-size=64K --backend=bpf -- \
	sh -c 'until [ -e size.capture.2 ]; do ls -l /etc/init.d >/dev/null; sleep 0.1; done' # slowly: a reader that has to wait loses nothing
check "--max-size: several files" test -e size.capture.2
for file in size.capture size.capture.1 size.capture.2; do
	check "--max-size: $file is sound" "$TESTS/capture_check.py" --attached $file
done
equal "--max-size: nothing is lost" "$(grep 'o=lost' size.capture*)" ""
cp "$(command -v cat)" u$$
"$IORIOT" -c uid.capture --uid=65534 --backend=bpf 2>uid.said &
reader=$!
check "--uid: it records" await grep -q 'recording; Ctrl-C ends' uid.said
./u$$ work.sh >/dev/null
as_user ./u$$ work.sh >/dev/null
check "--uid: the user's program is recorded" await grep -q "o=execve;:,p=./u$$;:,s=0;" uid.capture
kill -INT $reader
wait $reader
equal "--uid: root's is not" "$(grep -c "o=execve;:,p=./u$$;" uid.capture)" 1

status_is "--max-events, and the program's status" 7 "$IORIOT" --quiet -c m.capture --max-events=20 --backend=bpf -- \
	sh -c 'cat work.sh; exit 7'
equal "--max-events: as many" "$(grep -v ';:,o=state_' m.capture | grep -c ';:,i=[1-9]')" 20
done_testing
