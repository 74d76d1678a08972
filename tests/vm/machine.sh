#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# time-limit: 900
# The virtual machine works: a program is recorded there with ptrace and replayed, on each file
# system, as root and as an ordinary user.
# shellcheck source=vm_lib.sh
. "$TESTS/vm/vm_lib.sh"

guest machine
check "a file that was fetched" "$TESTS/capture_check.py" "$out/ext4.capture"
done_testing
