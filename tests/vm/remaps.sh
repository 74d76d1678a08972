#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# time-limit: 1700
# Partitions and the device mapper: each byte from the call to the disk, and of which file it is, with both backends of
# the kernel.
# shellcheck source=vm_lib.sh
. "$TESTS/vm/vm_lib.sh"

mkdir remaps
cp "$TESTS"/e2e/conservation_{program,check}.py "$TESTS"/{device_mapper.py,conservation_lib.sh} remaps
guest remaps
for capture in "$out"/*.capture; do
	check "$(basename "$capture") is sound" "$TESTS/capture_check.py" "$capture"
done
done_testing
