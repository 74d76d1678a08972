#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# time-limit: 1700
# Linux 5.10: the BPF programs for older kernels. The operation test set and some programs have the records that ptrace
# makes of them; processes that run already are recorded, and the whole host; what cannot be told is said.
# shellcheck source=../vm/vm_lib.sh
. "$TESTS/vm/vm_lib.sh"

if ! "$IORIOT" --check 2>&1 | grep -q 'ok *backend *part of this build'; then
	skip "old kernel" "this build has no BPF backend"
	done_testing
fi
mkdir old_kernel
check "build: op_calls" cc -O1 -static -o old_kernel/op_calls "$TESTS/ops/op_calls.c"
guest old_kernel 800 --old

for backend in ptrace bpf; do
	check "operations: $backend: records are what the program says" "$TESTS/vm/compare_captures.py" \
		--expected "$out/ops-$backend.stdout" "$out/ops-$backend.capture"
done
for what in ops programs; do
	for backend in ptrace bpf; do
		check "$what: $backend: sound" "$TESTS/capture_check.py" "$out/$what-$backend.capture"
		# What they say has numbers of processes in it, and is as long as those are.
		sed -E 's/(;:,o=write;:,d=1;:,c=)[0-9]+(;:,s=)[0-9]+/\10\20/' "$out/$what-$backend.capture" >"$what-$backend.plain"
	done
	check "$what: the same records" "$TESTS/vm/compare_captures.py" "$what-ptrace.plain" "$what-bpf.plain"
done
for what in process host; do
	check "$what: sound" "$TESTS/capture_check.py" "$out/$what.capture"
done
done_testing
