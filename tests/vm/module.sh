#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# time-limit: 900
# Modules come and go: 20 times, several at once, for users of the groups, when ioriot is killed; those of
# another release are refused; filters and limits work in the kernel.
# shellcheck source=vm_lib.sh
. "$TESTS/vm/vm_lib.sh"

mkdir module
check "build: threads" cc -O1 -static -pthread -o module/threads "$TESTS/vm/threads.c"
check "build: storm" cc -O1 -static -pthread -o module/storm "$TESTS/vm/storm.c"
guest module

for n in 1 2; do
	check "both$n: what the program says, and nothing of the other" "$TESTS/vm/compare_captures.py" \
		--expected "$out/both$n.stdout" "$out/both$n.capture"
done
cat "$out"/both[12].stdout > both.stdout
check "both: what both say" "$TESTS/vm/compare_captures.py" --expected both.stdout "$out/both.capture"

# Processes of a capture, as the programs that they run.
records() { grep -cE "$2" "$out/$1.capture"; } # CAPTURE REGEX
equal "--comm: the program" "$(records comm 'o=openat;:,.*p=storm0;:,f=0;')" 100
equal "--comm: nothing else" "$(records comm 'p=/etc/passwd;')" 0
equal "--uid: the program" "$(records uid 'o=newfstatat;:,.*p=storm0;')" 100
equal "--uid: nothing else" "$(records uid 'o=openat;:,.*p=storm0;:,f=0;')" 0
done_testing
