#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# ptrace keeps the program on the tracer's processor for a while, and the program does not notice.
# shellcheck source=../lib.sh
. "$TESTS/lib.sh"

echo text > file
mapfile -t processors < <(python3 -c 'import os; print(*os.sched_getaffinity(0), sep="\n")')
if [ "${#processors[@]}" -lt 2 ]; then
	skip "processors" "there is but one"
	done_testing
fi
if ! taskset -c "${processors[1]}" true; then
	skip "processors" "nobody may choose them here"
	done_testing
fi

"$IORIOT" --quiet -c kept.capture --backend=ptrace -- "$TESTS/e2e/placed.py" "$PWD/file" pid end &
kept=""
for ((i = 0; i < 3000; i++)); do # between two stays there is a moment without one
	kept=$(sed -n 's/^Cpus_allowed_list:\t//p' "/proc/$(cat pid 2> none)/status" 2> none)
	[[ $kept =~ ^[0-9]+$ ]] && break
	sleep 0.01
done
touch end
wait
check "kept on one processor: $kept" grep -Eq '^[0-9]+$' <<< "$kept"
seen=$("$IORIOT" --quiet -c a.capture --backend=ptrace -- "$TESTS/e2e/placed.py" "$PWD/file" 2>&1)
for what in told asked "behind that" child thread program chosen "chosen again"; do
	equal "$what" "$(grep "^$what: " <<< "$seen")" "$what: True"
done
equal "nothing else is said" "$(wc -l <<< "$seen")" 8
all=$("$TESTS/e2e/placed.py" "$PWD/file" 2)
equal "a program that is left has its own set" \
	"$("$IORIOT" --quiet -c b.capture --backend=ptrace --max-events=500 -- "$TESTS/e2e/placed.py" "$PWD/file" 2000)" "$all"
equal "on one processor alone" "$(taskset -c "${processors[1]}" "$IORIOT" --quiet -c c.capture --backend=ptrace -- \
	"$TESTS/e2e/placed.py" "$PWD/file" 200)" "${processors[1]}"
done_testing
