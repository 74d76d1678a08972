#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Calls that overlap and decide about each other: the capture puts them in order, and nobody waits for ever.
# time-limit: 1200
# shellcheck source=../scenario_lib.sh
. "$TESTS/scenario_lib.sh"

check "build" cc -Wall -Wextra -O1 -pthread -o overlap "$TESTS/scenarios/overlap_program.c" || done_testing
program=$PWD/overlap

setup() { mkdir data; }

# Modes mean nothing to root.
if is_root; then
	chmod 755 "$TEST_TMP"
	run=(setpriv --reuid=65534 --regid=65534 --clear-groups --)
fi
for mode in directories names attributes modes bytes numbers ranges deadlocks; do
	scenario "$mode" data env -C data timeout 120 "$program" "$mode"
done

# Those that wait are stopped, continued and killed as others are.
mkdir -m 777 signals
status_is "signals" 0 "${run[@]}" env -C signals timeout 120 "$IORIOT" -c "$TEST_TMP/signals/capture" -- "$program" signals
check "signals: invariants" python3 "$TESTS/capture_check.py" signals/capture

# closing KEY FILE: a number of the last line.
closing() { tail -n 1 "$2" | grep -oP "o=end;.*;:,$1=\K[0-9]+"; }
check "calls have waited" test "$(closing n "$TEST_TMP/names/run.capture")" -gt 0
check "some waited for one that never ended" test "$(closing N "$TEST_TMP/deadlocks/run.capture")" -gt 0

mkdir -m 777 free
status_is "--no-hold" 0 "${run[@]}" env -C free "$IORIOT" -c "$TEST_TMP/free/capture" --no-hold -- "$program" names
equal "--no-hold: nobody has waited" "$(closing n free/capture)" 0
status_is "alone" 0 "${run[@]}" env -C free "$IORIOT" -c "$TEST_TMP/free/alone" -- sh -c 'mkdir a b; mv a b; : > f; rm f'
equal "alone: nobody has waited" "$(closing n free/alone)" 0
done_testing
