#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# time-limit: 1700
# Each operation is recorded by the module with all its arguments and its result, as tests/ops/capture.sh
# has it for ptrace; what runs already when the capture begins is recorded whole from then on; and what is
# changed at once, before anybody can look at it, is told as it was.
# shellcheck source=vm_lib.sh
. "$TESTS/vm/vm_lib.sh"

mkdir calls
cp "$TESTS/vm/jobs/programs.sh" "$TESTS/scenarios/changes.sh" calls
check "build: op_calls" cc -O1 -static -o calls/op_calls "$TESTS/ops/op_calls.c"
check "build: threads" cc -O1 -static -pthread -o calls/threads "$TESTS/vm/threads.c"
check "build: uring_program" cc -O1 -static -o calls/uring_program "$TESTS/scenarios/uring_program.c" \
	-luring -lpthread
check "build: int80" cc -O1 -static -o calls/int80 "$TESTS/scenarios/int80.c"
check "build: compat32" cc -m32 -O1 -static -o calls/compat32 "$TESTS/scenarios/compat32.c"
check "build: rings32" cc -m32 -O1 -static -o calls/rings32 "$TESTS/scenarios/rings.c"
check "build: aio32" cc -m32 -O1 -static -pthread -o calls/aio32 "$TESTS/scenarios/aio.c"
guest calls

for file in calls running; do
	check "$file: what the program says" "$TESTS/vm/compare_captures.py" \
		--expected "$out/$file.stdout" "$out/$file.capture"
done
check "rings: what ptrace recorded" "$TESTS/vm/compare_captures.py" \
	"$out/ptrace-rings.capture" "$out/stap-rings.capture"
check "compat: what ptrace recorded" "$TESTS/vm/compare_captures.py" \
	"$out/ptrace-compat.capture" "$out/stap-compat.capture"
lost() { sed -n 's/.*;:,o=lost;:,c=\([0-9]*\);.*/\1/p' "$out/$1-compat.capture" | awk '{ n += $1 } END { print n + 0 }'; }
equal "compat: lost with ptrace" "$(lost ptrace)" 0
equal "compat: lost by the module" "$(lost stap)" 0
check "polled: submissions of both rings" test "$(grep -c ';:,o=uring_write;:,' "$out/polled.capture")" -gt 100
for name in tar pipeline; do
	check "waiting: $name is what ptrace recorded" "$TESTS/vm/compare_captures.py" \
		--after "o=execve;:,p=/job/run_$name;:,s=0;" "$out/ptrace-$name.capture" "$out/waiting.capture"
done
long() { sed -n 's/.*;:,o=openat;:,\(.*;:,p=\.\/\.[^;]*;:,.*s=[-0-9]*\);.*/\1/p' "$out/$1-long.capture"; }
equal "long: what ptrace recorded" "$(long stap)" "$(long ptrace)"
equal "long: lengths" "$(long stap | sed 's/.*;:,p=\([^;]*\);.*/\1/' | awk '{ printf "%d ", length($0) }')" \
	"4084 4095 4096 4096 "
done_testing
