#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# time-limit: 1700
# Modules come and go: 20 times, several at once, for users of the groups, when ioriot is killed; those of
# another release are refused; filters and limits work in the kernel.
# shellcheck source=vm_lib.sh
. "$TESTS/vm/vm_lib.sh"

mkdir module
check "build: threads" cc -O1 -static -pthread -o module/threads "$TESTS/vm/threads.c"
check "build: named" cc -O1 -static -pthread -o module/named "$TESTS/vm/named.c"
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
equal "-E: what is named" "$(records words 'o=openat;:,.*p=storm0;:,f=0;')" 100
equal "-E: nothing else" "$(records words 'o=newfstatat;')" 0
check "--max-size: several files" test -e "$out/parts.capture.2"
equal "--max-size: each call is in one of them" \
	"$(cat "$out"/parts.capture* | grep -c 'o=openat;:,.*p=storm0;:,f=0;')" 4000
check "java: what the program says" "$TESTS/vm/compare_captures.py" \
	--expected "$out/java.stdout" "$out/java.capture"
for name in main thread child inner; do
	equal "java: its $name" "$(records java "o=openat;:,.*p=$name;")" 1
done
equal "java: nothing while it has another name" "$(records java 'p=/etc/hostname;')" 0
equal "java: no other programs" "$(records java 'p=/etc/group;')" 0
program=$(sed -n 's/.*;:,i=\([0-9]*\):[0-9]*;:,o=openat;:,.*p=inner;.*/\1/p' "$out/java.capture")
equal "java: it ended, and was told again" "$(records java "i=$program:$program;:,o=(state_task|task_end);")" 3
equal "java: it and the child that became another program ended" "$(records java 'o=task_end;')" 2
equal "--comm of javaioriot: the program" "$(records other 'o=openat;:,.*p=storm0;:,f=0;')" 100
equal "--comm of javaioriot: not java" "$(records other 'p=t0-1;')" 0
equal "impatient: all is there" "$(records impatient 'o=pwrite64;:,d=[0-9]*;:,c=1;')" \
	"$(cut -d ' ' -f 2 "$out/impatient.stdout")"
done_testing
