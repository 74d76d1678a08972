#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A program fills its file system, which that of the replay is not.
# shellcheck source=../scenario_lib.sh
. "$TESTS/scenario_lib.sh"
own_mounts "a full file system" "mounts a small one"

# shellcheck disable=SC2317 # called by scenario
setup() {
	mkdir small
	mount -t tmpfs -o size=256k,nr_inodes=8 tmpfs small
}
check "build" cc -O1 -Wall -Wextra -Werror -o limits "$TESTS/scenarios/limits.c" -luring
scenario full small env -C small "$TEST_TMP/limits" full
equal "left out with a reason and a count" "$("$IORIOT" -c full/run.capture -r again.replay -n full --root full/root |
	grep -o '[0-9]*  refused for .*')" "7  refused for want of space (ENOSPC, EDQUOT)"
done_testing
