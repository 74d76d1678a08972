#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Captures that end before the program does, and captures in several files: each of them is a whole
# capture, no record is in two of them or in none, and each replays alone.
# shellcheck disable=SC2317 # functions are called through check
# shellcheck source=../lib.sh
. "$TESTS/lib.sh"

check "build" cc -O1 -pthread -o program "$TESTS/e2e/limits_program.c"

# record NAME STATUS [OPTIONS] -- MODE [COUNT]: in a directory of its own.
record() {
	local name=$1 status=$2 options=()
	shift 2
	while [ "$1" != -- ]; do
		options+=("$1")
		shift
	done
	shift
	mkdir "$name" && cd "$name" || exit 1
	timeout 100 "$IORIOT" "${options[@]}" -c "../$name.capture$suffix" -- ../program "$@" >out 2>err
	equal "$name: exit status" $? "$status"
	cd ..
}
suffix=

# The calls of captures, in their order, without what differs from run to run.
calls() {
	sed -E '/o=(state_|end;|lost;)|^#/d; s/t=[0-9]+;:,D=[0-9]+;:,i=[0-9:]+;:,//; s/x=[^;]*;:,//
		/o=(clone|fork|vfork)/s/s=[0-9]+/s=N/' "$@"
}
# Which thread gets which descriptor is not the same each time.
calls_sorted() { calls "$@" | sed -E 's/d=[0-9]+/d=N/; /o=openat/s/s=[0-9]+/s=N/' | sort; }
# The files of a rotation, in their order.
parts() { printf '%s\n' "$1".capture* | sort -t. -k3n; }

# --- the number of records
for n in 1 50 1000; do
	record "events-$n" 0 --max-events "$n" -- files 150
	equal "events-$n: so many" "$(calls "events-$n.capture" | wc -l)" "$n"
	check "events-$n: capture is valid" python3 "$TESTS/capture_check.py" --part "events-$n.capture"
	equal "events-$n: the program did the rest" "$(cat "events-$n/out")" "done 150"
	equal "events-$n: said" "$(head -n 1 "events-$n/err")" \
		"ioriot: recording ended: the records of --max-events are there; the program goes on"
	check "events-$n: summary" grep -q "^ioriot: $n records of 1 process, 0 lost," "events-$n/err"
done
check "events-1000: generate" "$IORIOT" --quiet -c events-1000.capture -r x.replay
record more 0 --max-events 1M -- files 10
equal "more than there are: nothing said" "$(grep -c 'recording ended' more/err)" 0
check "more than there are: capture is valid" python3 "$TESTS/capture_check.py" more.capture
record quiet 0 --quiet --max-events 10 -- files 10
equal "quiet: nothing" "$(cat quiet/err)" ""
record threads-events 0 --max-events 500 -- threads 200
equal "threads: so many" "$(calls threads-events.capture | wc -l)" 500
equal "threads: the program did the rest" "$(cat threads-events/out)" "done"

# --- every call stopped, as a filter would do it
record with 0 --max-events 1M -- files 40
record without 0 -- files 40
equal "without a filter: the same calls" "$(calls with.capture | sha1sum)" "$(calls without.capture | sha1sum)"

# --- time: threads that sleep and compute, forks and signals while the recording ends
record time 9 --duration 1 -- busy
equal "time: the program is alone again" "$(cat time/out)" "tracer 0"
equal "time: said" "$(head -n 1 time/err)" \
	"ioriot: recording ended: the time of --duration is over; the program goes on"
check "time: capture is valid" python3 "$TESTS/capture_check.py" --part time.capture
for n in 100 2000 7000; do
	record "busy-$n" 9 --quiet --max-events "$n" -- busy
	equal "busy-$n: the program is alone again" "$(cat "busy-$n/out")" "tracer 0"
	equal "busy-$n: nothing on stderr" "$(cat "busy-$n/err")" ""
done
status_is "ended by a signal afterwards" 143 "$IORIOT" --quiet -c s.capture --max-events 5 -- \
	sh -c 'ls / >/dev/null; kill -TERM $$'

wait_for() { # COMMAND...: until it succeeds, 60 s at most
	local i
	for ((i = 0; i < 600; i++)); do
		"$@" && return 0
		sleep 0.1
	done
	return 1
}
# shellcheck disable=SC2016 # expanded by the inner shell
endless='echo $$ >pid; trap "echo got it >got; exit 5" TERM; while :; do sleep 0.1; echo x >>alive; done'
"$IORIOT" --quiet -c e.capture.zst --max-events 100 -- sh -c "$endless" &
tracer=$!
check "goes on: the capture is complete" wait_for zstd -tq e.capture.zst
check "goes on: alone" wait_for sh -c 'grep -q "TracerPid:.0$" /proc/$(cat pid)/status'
kill -TERM $tracer
wait $tracer
equal "goes on: SIGTERM, the program decides" "$?, $(cat got)" "5, got it"
rm alive pid
"$IORIOT" --quiet -c e.capture --max-events 100 -- sh -c "$endless" &
tracer=$!
check "killed: it began" wait_for test -s alive
check "killed: alone" wait_for sh -c 'grep -q "TracerPid:.0$" /proc/$(cat pid)/status'
kill -9 $tracer
wait $tracer 2>/dev/null
rm alive
check "killed: the program does not notice" wait_for test -s alive
kill -TERM "$(cat pid)"

# --- files
record whole 0 -- files 300
record rotated 0 --max-size 64K -- files 300
n=$(parts rotated | wc -l)
check "rotated: several files" test "$n" -ge 5
check "rotated: summary" grep -qE "0 lost, [0-9]+ bytes in $n files, the last is .*rotated.capture.$((n - 1)) " rotated/err
mapfile -t files < <(parts rotated)
equal "rotated: all calls, once, in their order" "$(calls "${files[@]}" | sha1sum)" "$(calls whole.capture | sha1sum)"
equal "rotated: numbers" "$(sed -nsE '1s/.*\|part=([0-9]+)\|.*/\1/p' "${files[@]}" | tr '\n' ' ')" \
	"$(seq -s ' ' 0 $((n - 1))) "
check "rotated: each begins later" sort -c -n <(sed -nsE '1s/.*\|start_mono=([0-9]+)\|.*/\1/p' "${files[@]}")
for ((i = 0; i < n - 1; i++)); do
	size=$(stat -c %s "${files[i]}")
	check "${files[i]}: size $size" test "$size" -ge 65536 -a "$size" -lt 70000
done

root=$TEST_TMP/root
mkdir "$root"
user=$(id -un)
replays() { # NAME FILE: alone
	status_is "$1: generate" 0 "$IORIOT" -c "$2" -r r.replay -n limits --root "$root" -u "$user"
	equal "$1: no malformed line" "$(grep -cE 'malformed|cut short|lost' <<<"$output")" 0
	status_is "$1: init" 0 "$IORIOT" -i r.replay --root "$root" -u "$user" --quiet
	status_is "$1: replay" 0 "$IORIOT" -r r.replay --root "$root" -u "$user" -D
	says "$1: replay: no divergence" "^0 divergences"
}
for file in "${files[@]}"; do
	check "$file: is valid" python3 "$TESTS/capture_check.py" --part "$file"
	replays "$file" "$file"
done
for mode in threads leaderless shared; do
	record "$mode" 0 --max-size 64K -- "$mode" 600
	record "$mode-whole" 0 -- "$mode" 600
	mapfile -t files < <(parts "$mode")
	check "$mode: several files" test "${#files[@]}" -ge 2
	equal "$mode: all calls, once" "$(calls_sorted "${files[@]}" | sha1sum)" \
		"$(calls_sorted "$mode-whole.capture" | sha1sum)"
	for file in "${files[@]}"; do
		check "$file: is valid" python3 "$TESTS/capture_check.py" --part "$file"
		replays "$file" "$file"
	done
done

# Children, pipes and programs, whatever the moment: every call once.
# shellcheck disable=SC2016
script='for i in 1 2 3 4 5 6 7 8 9 10; do (ls -l /etc | sort | head -n $i >list$i) & done; wait; cat list*'
"$IORIOT" --quiet -c shell.capture --max-size 64K -- sh -c "$script" >out
equal "shell: output" "$(sha1sum <out)" "$(sh -c "$script" | sha1sum)"
mapfile -t files < <(parts shell)
check "shell: several files" test "${#files[@]}" -ge 3
# maps of many processes are most of a file's state, which does not fill it
check "shell: no file for each call" test "${#files[@]}" -le 60
for file in "${files[@]}"; do
	check "$file: is valid" python3 "$TESTS/capture_check.py" --part "$file"
	status_is "$file: generate" 0 "$IORIOT" -c "$file" -r r.replay -n limits --root "$root"
	equal "$file: no malformed line" "$(grep -c malformed <<<"$output")" 0
done

# --- compressed
suffix=.zst
record small 0 --max-size 64K -- files 2500
check "compressed: several files" test -s small.capture.1.zst
for file in small.capture*.zst; do
	check "$file: whole" zstd -qdf "$file" -o "${file%.zst}"
	check "$file: is valid" python3 "$TESTS/capture_check.py" --part "${file%.zst}"
done
replays "small.capture.1.zst" small.capture.1.zst
suffix=

# --- only the newest
record newest 0 --max-size 64K --max-files 2 -- files 300
n=$(sed -nE 's/.* bytes in ([0-9]+) files.*/\1/p' newest/err)
equal "newest: two are left" "$(parts newest | tr '\n' ' ')" "newest.capture.$((n - 2)) newest.capture.$((n - 1)) "
mapfile -t files < <(parts newest)
equal "newest: the last calls" "$(calls "${files[@]}" | sha1sum)" \
	"$(calls whole.capture | tail -n "$(calls "${files[@]}" | wc -l)" | sha1sum)"
replays "newest" "newest.capture.$((n - 1))"
record one 0 --max-size 64K --max-files 1 -- files 300
equal "newest one" "$(parts one | wc -l)" 1

# --- together, and where it cannot be done
record both 0 --max-size 64K --max-events 2000 -- files 300
mapfile -t files < <(parts both)
equal "both: so many" "$(calls "${files[@]}" | wc -l)" 2000
check "both: the last is valid" python3 "$TESTS/capture_check.py" --part "${files[-1]}"
fails "no file" 1 "/dev/null is no file" "$IORIOT" -c /dev/null --max-size 64K -- true
mkdir blocked.capture.1
record blocked 1 --max-size 64K -- files 300
check "next file cannot begin: said" grep -q "^ioriot: .*blocked.capture.1" blocked/err
equal "next file cannot begin: the program is not hurt" "$(cat blocked/out)" "done 300"
check "next file cannot begin: what there is is valid" grep -qE 'o=end;:,c=[0-9]+;:,O=[1-9]' blocked.capture
status_is "buffer of the kernel" 2 "$IORIOT" -c x.capture --buffer 8M -- true
says "buffer of the kernel: sentence" "^ioriot: --buffer means nothing to the ptrace backend$"

done_testing
