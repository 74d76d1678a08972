#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# time-limit: 1700
# -F, as the module decides it: equal captures, and fewer records made.
# shellcheck source=vm_lib.sh
. "$TESTS/vm/vm_lib.sh"

mkdir filter
check "build: storm" cc -O1 -static -pthread -o filter/storm "$TESTS/vm/storm.c"
guest filter
done_testing
