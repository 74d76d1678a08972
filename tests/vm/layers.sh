#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# time-limit: 1700
# Other layers than calls with the SystemTap module: each byte of a file is there, once, from the page cache to the
# disk, and BPF programs in the same machine tell the same of the same program.
# shellcheck source=vm_lib.sh
. "$TESTS/vm/vm_lib.sh"

mkdir layers
cp "$TESTS/e2e/layers_check.py" "$TESTS/e2e/layers_uncache.py" layers
check "build: sockets" cc -D_GNU_SOURCE -O1 -static -o layers/sockets_program "$TESTS/e2e/sockets_program.c"
guest layers 800
for capture in "$out"/*.capture; do
	check "$(basename "$capture") is sound" "$TESTS/capture_check.py" "$capture"
done
done_testing
