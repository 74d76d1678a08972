#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Each operation is recorded by BPF programs with all its arguments and its result, as capture.sh has it for ptrace, and
# the records are those of ptrace. One capture of all of them: loading the programs takes seconds.
# shellcheck source=../lib.sh
. "$TESTS/lib.sh"
# shellcheck source=../bpf_lib.sh
. "$TESTS/bpf_lib.sh"

bpf_or_skip "operations with BPF"
check "build" cc -O1 -o op_calls "$TESTS/ops/op_calls.c"
cat >all.sh <<'EOF'
for op in $(../op_calls --list); do
	mkdir -m 777 "dir-$op"
	(cd "dir-$op" && exec ../../op_calls "$op") || echo "$op: status $?" >&2
done
EOF
for backend in ptrace bpf; do
	mkdir work
	cd work || exit
	# a pipe: they look at their output, and as a file its length would have that of numbers of processes in it
	"$IORIOT" --quiet -c ../$backend.capture --backend=$backend -- sh ../all.sh 2>../said | cat >../all.stdout
	equal "$backend: all operations are made, and nothing is said" "${PIPESTATUS[0]} $(cat ../said)" "0 "
	cd .. && rm -r work
	# what they say has numbers of processes in it
	sed -E 's/(;:,o=write;:,d=1;:,c=)[0-9]+(;:,s=)[0-9]+/\10\20/' $backend.capture >$backend.plain
done
check "records are what the program says" "$TESTS/vm/compare_captures.py" --expected all.stdout bpf.capture
check "the same records" "$TESTS/vm/compare_captures.py" ptrace.plain bpf.plain
check "the capture is sound" "$TESTS/capture_check.py" bpf.capture
done_testing
