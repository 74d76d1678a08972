#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# time-limit: 1700
# Programs are recorded by the module in all ways that there are; each capture is compared, record by
# record, with what ptrace recorded of the same program and with what the program says of itself.
# shellcheck source=vm_lib.sh
. "$TESTS/vm/vm_lib.sh"

mkdir capture
cp "$TESTS/vm/jobs/programs.sh" capture
check "build: matrix" cc -O1 -static -o capture/syscall_matrix "$SOURCE/scripts/syscall_matrix.c"
check "build: threads" cc -O1 -static -pthread -o capture/threads "$TESTS/vm/threads.c"
{
	echo 'create table t(id integer primary key, word text);'
	for i in $(seq 60); do
		printf 'begin; insert into t(word) values (%d), (hex(zeroblob(%d))); commit;\n' \
			"$i" $((i * 40))
	done
	echo 'delete from t where id % 3 = 0; update t set word = id where id % 5 = 0; vacuum;'
} > capture/inserts.sql
guest capture

# Those of several programs begin with the exec of the one that is meant.
for name in matrix tar sqlite pipeline; do
	executed="o=execve;:,p=/job/run_$name;:,s=0;"
	[ $name = matrix ] && executed='o=execve;:,p=/job/syscall_matrix;:,s=0;'
	check "command-$name is what ptrace recorded" "$TESTS/vm/compare_captures.py" \
		"$out/ptrace-$name.capture" "$out/command-$name.capture"
	check "pid-$name is what ptrace recorded" "$TESTS/vm/compare_captures.py" \
		--after "$executed" "$out/ptrace-$name.capture" "$out/pid-$name.capture"
	check "$name in system is what ptrace recorded" "$TESTS/vm/compare_captures.py" \
		--after "$executed" "$out/ptrace-$name.capture" "$out/system.capture"
done
for file in ptrace-threads command-threads pid-threads system; do
	check "$file is what the threads say" "$TESTS/vm/compare_captures.py" \
		--expected "$out/$file.stdout" "$out/$file.capture"
done
done_testing
