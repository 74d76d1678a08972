#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# time-limit: 1700
# No byte is lost or told twice on xfs and btrfs, with both backends of the kernel: as e2e/conservation.sh has it.
# shellcheck source=vm_lib.sh
. "$TESTS/vm/vm_lib.sh"

mkdir conservation
cp "$TESTS"/e2e/conservation_{program,check}.py "$TESTS/conservation_lib.sh" conservation
guest conservation
for capture in "$out"/*.capture; do
	check "$(basename "$capture") is sound" "$TESTS/capture_check.py" "$capture"
done
done_testing
