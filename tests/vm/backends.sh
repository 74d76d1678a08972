#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# time-limit: 1700
# In one machine, the same programs recorded by the SystemTap module and by BPF programs: the operation test set,
# access control lists, and random programs. All records are the same.
# shellcheck source=vm_lib.sh
. "$TESTS/vm/vm_lib.sh"

if ! "$IORIOT" --check 2>&1 | grep -q 'ok *backend *part of this build'; then
	skip "backends" "this build has no BPF backend"
	done_testing
fi
mkdir backends
check "build: op_calls" cc -O1 -static -o backends/op_calls "$TESTS/ops/op_calls.c"
check "build: lists" cc -O1 -static -o backends/lists "$TESTS/scenarios/lists.c" -luring
check "build: randprog" cc -std=gnu11 -O1 -static -o backends/randprog "$TESTS"/randprog/*.c
guest backends

check "operations: records are what the program says" "$TESTS/vm/compare_captures.py" \
	--expected "$out/ops.stdout" "$out/ops-bpf.capture"
# What they say has numbers of processes in it, and is as long as those are.
plain() { # NAME
	check "$1 is sound" "$TESTS/capture_check.py" "$out/$1.capture"
	sed -E 's/(;:,o=write;:,d=1;:,c=)[0-9]+(;:,s=)[0-9]+/\10\20/' "$out/$1.capture" >"$1.plain"
}
for what in ops lists random; do
	plain $what-stap
	plain $what-bpf
	check "$what: the same records" "$TESTS/vm/compare_captures.py" $what-stap.plain $what-bpf.plain
done
equal "lists: what gives no permission bits" "$(grep -c 'o=[a-z_]*setxattr[a-z]*;.*;:,c=[0-9][0-9];.*;:,s=0;:,$' "$out/lists-bpf.capture")" 0
plain lists-ptrace
check "lists: as ptrace recorded them" "$TESTS/vm/compare_captures.py" lists-ptrace.plain lists-bpf.plain
equal "bpf tells what it does not: maps that are there" "$(head -n 1 "$out/ops-bpf.capture" | grep -o 'maps=[a-z]*')" maps=none
done_testing
