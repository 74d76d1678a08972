#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Each operation is recorded by BPF programs with all its arguments and its result, as capture.sh has it for ptrace.
# One capture of all of them: loading the programs takes seconds.
# shellcheck source=../lib.sh
. "$TESTS/lib.sh"
# shellcheck source=../bpf_lib.sh
. "$TESTS/bpf_lib.sh"

bpf_or_skip "operations with BPF"
check "build" cc -O1 -o op_calls "$TESTS/ops/op_calls.c"
cat >all.sh <<'EOF'
for op in $(./op_calls --list); do
	mkdir -m 777 "dir-$op"
	(cd "dir-$op" && exec ../op_calls "$op") || echo "$op: status $?" >&2
done
EOF
status_is "all operations are made" 0 "$IORIOT" --quiet -c all.capture --backend=bpf -- \
	sh -c 'sh all.sh >all.stdout'
equal "nothing is said" "$output" ""
check "records are what the program says" "$TESTS/vm/compare_captures.py" --expected all.stdout all.capture
check "the capture is sound" "$TESTS/capture_check.py" all.capture
done_testing
