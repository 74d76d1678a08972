#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Each operation is recorded with all its arguments and its result.
# shellcheck source=../lib.sh
. "$TESTS/lib.sh"

check "build" cc -O1 -o op_calls "$TESTS/ops/op_calls.c"
python3 "$TESTS/ops/check_capture.py" ./op_calls || failed=1

done_testing
