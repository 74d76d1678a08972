#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# time-limit: 3200
# Other layers than calls with the SystemTap module: each byte of a file is there, once, from the page cache to the
# disk, and BPF programs in the same machine tell the same of the same program.
# shellcheck source=vm_lib.sh
. "$TESTS/vm/vm_lib.sh"

mkdir layers
mkdir -p layers/tests/e2e
cp "$TESTS"/e2e/layers_{check,uncache}.py "$TESTS/layers_lib.sh" layers
cp "$TESTS/lib.sh" "$TESTS/bpf_lib.sh" layers/tests
cp "$TESTS/e2e/files.sh" layers/tests/e2e
check "build: sockets" cc -D_GNU_SOURCE -O1 -static -o layers/sockets_program "$TESTS/e2e/sockets_program.c"
check "build: faults" cc -O1 -static -o layers/layers_program "$TESTS/e2e/layers_program.c"
check "build: counted faults" cc -O1 -static -o layers/counted "$TESTS/vm/counted.c"
check "build: rings" cc -O1 -static -o layers/rings_program "$TESTS/e2e/rings_program.c" -luring
check "build: transfers" cc -D_GNU_SOURCE -O1 -static -o layers/transfers_program "$TESTS/e2e/transfers_program.c" -luring
guest layers 1500
for capture in "$out"/*.capture; do
	check "$(basename "$capture") is sound" "$TESTS/capture_check.py" "$capture"
done
done_testing
