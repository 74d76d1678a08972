#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# time-limit: 300
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
(cd x && ls -lR . | wc -l && grep -r start . | sort | tail -n 3 >../o; mv ../o p && ln -s p q && cat q && rm q)
rm -r x
cd .. && rm -r top
EOF
"$IORIOT" --quiet -c ptrace.capture --backend=ptrace -- sh work.sh >/dev/null
equal "ptrace: status" $? 0
"$IORIOT" --quiet -c bpf.capture --backend=bpf -- sh work.sh >/dev/null
equal "bpf: status" $? 0
check "the same records" "$TESTS/vm/compare_captures.py" ptrace.capture bpf.capture
check "the capture is sound" "$TESTS/capture_check.py" bpf.capture
status_is "the program's status" 7 "$IORIOT" --quiet -c s.capture --backend=bpf -- sh -c 'exit 7'
touch cannot && status_is "a program that cannot be" 126 "$IORIOT" -c n.capture --backend=bpf -- ./cannot
absent "and no capture of it" n.capture

# --- a program that waits, and its capture

check "build" cc -O1 -o storm "$TESTS/e2e/bpf_program.c"

# called by check
# shellcheck disable=SC2317
await() { # COMMAND...: until it succeeds, a minute at most
	local i
	for ((i = 0; i < 600; i++)); do
		"$@" && return
		sleep 0.1
	done
	return 1
}
# called by await
# shellcheck disable=SC2317
sleeps() { grep -q ' T ' "/proc/$1/stat"; }
# shellcheck disable=SC2317
child_sleeps() {
	local child
	child=$(cut -d ' ' -f 1 "/proc/$1/task/$1/children")
	[ -n "$child" ] && grep -q '(storm) T' "/proc/$child/stat"
}
# shellcheck disable=SC2317
has_ended() { ! kill -0 "$1" 2>/dev/null; }
# shellcheck disable=SC2317

# The reader sleeps while more is made than a ring holds.
"$IORIOT" --quiet -c lost.capture --buffer=1 --backend=bpf -- ./storm 100000 &
reader=$!
if check "the program waits" await child_sleeps $reader; then
	program=$(cut -d ' ' -f 1 "/proc/$reader/task/$reader/children")
	kill -STOP $reader
	check "the reader sleeps" await sleeps $reader
	kill -CONT "$program"
	sleep 0.2
	check "it has made its calls" await child_sleeps $reader
	kill -CONT $reader
	sleep 1
	kill -CONT "$program"
fi
wait $reader
equal "what is lost is in the status" $? 3
recorded=$(grep -c 'o=lseek;:,d=-1;' lost.capture)
lost=$(grep -oP 'o=lost;:,c=\K\d+' lost.capture | awk '{ n += $1 } END { print n + 0 }')
equal "recorded and lost is all that was made" $((recorded + lost)) 100000
check "there was loss" test "$lost" -gt 10000

# --- what runs already, and its children

mkfifo go
sh -c 'read line <go; cat work.sh; (cd / && ls); exec cat work.sh' >/dev/null &
program=$!
"$IORIOT" -c attached.capture --backend=bpf -x $program 2>said &
reader=$!
check "it says that it records" await grep -q 'attached, recording' said
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

# --- limits

status_is "--duration" 0 "$IORIOT" --quiet -c d.capture --duration=1s --backend=bpf -x $$
check "--duration: sound" "$TESTS/capture_check.py" --attached d.capture
status_is "--max-events" 0 "$IORIOT" --quiet -c m.capture --max-events=20 --backend=bpf -- \
	sh -c 'cat work.sh; cat work.sh'
equal "--max-events: as many" "$(grep -c '^t=.*;:,i=[1-9][^;]*;:,o=[^s]' m.capture)" 20
done_testing
