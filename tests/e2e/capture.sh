#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# "ioriot -c FILE -- CMD": what passes through, the exit statuses, and what it says when it cannot.
# shellcheck disable=SC2317 # functions are called through check
# shellcheck source=../lib.sh
. "$TESTS/lib.sh"

valid() { python3 "$TESTS/capture_check.py" "$1"; }

# --- the program is as without us
equal "stdin and stdout" "$(echo hello | "$IORIOT" --quiet -c a.capture -- cat)" hello
check "capture is valid" valid a.capture
equal "stderr" "$("$IORIOT" --quiet -c a.capture -- sh -c 'echo oops >&2' 2>&1)" oops
for n in 0 1 7 255; do
	status_is "exit status $n" "$n" "$IORIOT" --quiet -c a.capture -- sh -c "exit $n"
done
for sig in KILL TERM SEGV; do
	status_is "killed by SIG$sig" $((128 + $(kill -l $sig))) "$IORIOT" --quiet -c a.capture -- sh -c "kill -$sig \$\$"
	check "killed by SIG$sig: capture is valid" valid a.capture
done
"$IORIOT" --quiet -c a.capture -- sh -c 'ls -l /proc/self/fd | sed -n "s/.*[0-9] \([0-9]*\) -> .*/\1/p" | tr "\n" " "' >out </dev/null
equal "no descriptor of ours" "$(cat out)" "0 1 2 3 "
equal "descriptors at the start" "$(grep -oE 'o=state_fd;:,d=[0-9]+' a.capture | tr -dc '0-9\n' | tr '\n' ' ')" "0 1 2 "

# --- programs that cannot be run
status_is "no such command" 127 "$IORIOT" -c n.capture -- no-such-command
says "no such command: sentence" "^ioriot: no-such-command: command not found$"
status_is "no such file" 127 "$IORIOT" -c n.capture -- ./no-such-file
says "no such file: sentence" "^ioriot: cannot execute ./no-such-file: No such file"
echo 'echo from a script' >script
status_is "not executable" 126 "$IORIOT" -c n.capture -- ./script
says "not executable: sentence" "^ioriot: cannot execute ./script: Permission denied$"
status_is "a directory" 126 "$IORIOT" -c n.capture -- /tmp
printf '#!/no/such/interpreter\n' >bad && chmod +x script bad
status_is "no interpreter" 127 "$IORIOT" -c n.capture -- ./bad
check "no capture is left" test ! -e n.capture
status_is "a script without interpreter line" 0 "$IORIOT" --quiet -c a.capture -- ./script
says "a script without interpreter line: output" "^from a script$"
check "a script without interpreter line: capture is valid" valid a.capture

# --- what this build or host lacks
mkdir -m 777 refused
status_is "back end bpf, an ordinary user" 4 as_user "$IORIOT" -c refused/a.capture --backend=bpf -- true
says "back end bpf, an ordinary user: sentence" "BPF|type information"
if command -v strace >/dev/null; then
	status_is "traced ourselves" 4 strace -f -o /dev/null "$IORIOT" -c a.capture -- true
	says "traced ourselves: sentence" "being traced by process"
else
	skip "traced ourselves" "no strace"
fi

# --- the file
status_is "directory does not exist" 1 "$IORIOT" -c no/such/dir -- true
says "directory does not exist: sentence" "no/such/dir.*No such file"
status_is "full disk" 1 "$IORIOT" -c /dev/full -- true
says "full disk: sentence" "/dev/full.*No space left"
status_is "full disk, failing program" 7 "$IORIOT" -c /dev/full -- sh -c "exit 7"
status_is "summary" 0 "$IORIOT" -c a.capture -- true
says "summary: sentence" "^ioriot: [0-9]+ records of 1 process, 0 lost, [0-9]+ bytes in a.capture \\(ptrace\\)$"
status_is "quiet" 0 "$IORIOT" -c a.capture --quiet -- true
equal "quiet: nothing" "$output" ""
status_is "compressed" 0 "$IORIOT" -c a.capture.zst -- ls /
check "compressed: reads" zstd -qdf a.capture.zst -o z.capture
check "compressed: capture is valid" valid z.capture
status_is "replaced" 0 "$IORIOT" -c a.capture -- true
check "replaced: capture is valid" valid a.capture

# --- privileges
mkdir user && chmod 777 user && cd user || exit 1
if is_root; then
	status_is "nobody" 0 as_user "$IORIOT" --quiet -c nobody.capture -- sh -c 'ls -l | cat >x'
	check "nobody: capture is valid" valid nobody.capture
	status_is "root without capabilities" 0 setpriv --bounding-set=-all --inh-caps=-all -- \
		"$IORIOT" --quiet -c nocaps.capture -- sh -c 'ls -l | cat >y'
	check "root without capabilities: capture is valid" valid nocaps.capture
else
	status_is "ordinary user" 0 "$IORIOT" --quiet -c nobody.capture -- sh -c 'ls -l | cat >x'
	check "ordinary user: capture is valid" valid nobody.capture
fi
cd ..

# --- it tells what its own user did: the mode is what the umask leaves
for mask in 022:644 027:640 077:600; do
	(umask "${mask%:*}" && "$IORIOT" --quiet -c mode.capture -- true)
	equal "mode with umask ${mask%:*}" "$(stat -c %a mode.capture)" "${mask#*:}"
done

# --- ends by force
wait_for() { # COMMAND...: until it succeeds, 60 s at most
	local i
	for ((i = 0; i < 600; i++)); do
		"$@" && return 0
		sleep 0.1
	done
	return 1
}
# shellcheck disable=SC2016 # expanded by the inner shell
"$IORIOT" --quiet -c k.capture -- sh -c 'echo $$ >pid; echo x >early; sleep 100' &
tracer=$!
check "kill -9: lines come while it runs" wait_for grep -qs 'o=openat;.*p=early;' k.capture
kill -9 $tracer
wait $tracer 2>/dev/null
check "kill -9: the program ends too" wait_for test ! -e "/proc/$(cat pid)/exe"
equal "kill -9: no closing line" "$(grep -c 'o=end;' k.capture)" 0
equal "kill -9: whole lines" "$(tail -c 4 k.capture)" ";:,"

# shellcheck disable=SC2016
"$IORIOT" --quiet -c k.capture.zst -- sh -c 'echo $$ >pid2; echo x >early; sleep 100' &
tracer=$!
compressed_has() { zstd -qdc k.capture.zst 2>/dev/null | grep -q "$1"; }
check "kill -9, compressed: lines come while it runs" wait_for compressed_has 'o=openat;.*p=early;'
kill -9 $tracer
wait $tracer 2>/dev/null

# shellcheck disable=SC2016
"$IORIOT" --quiet -c t.capture -- sh -c 'trap "echo got it >got; exit 9" TERM; echo >ready; while :; do sleep 0.1; done' &
tracer=$!
check "SIGTERM: ready" wait_for test -s ready
kill -TERM $tracer
wait $tracer
equal "SIGTERM: the program decides" $? 9
equal "SIGTERM: it was passed on" "$(cat got)" "got it"
check "SIGTERM: capture is valid" valid t.capture

# What the program leaves running is recorded to its end.
status_is "background" 5 "$IORIOT" --quiet -c b.capture -- sh -c '(sleep 0.3; echo x >late) & exit 5'
check "background: recorded" grep -q 'p=late;' b.capture
check "background: capture is valid" valid b.capture

check "terminal: job control" python3 "$TESTS/e2e/capture_terminal.py"

done_testing
