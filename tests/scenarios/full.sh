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
refused=8
if why=$(uring_is_refused); then
	echo "without a ring: $why"
	refused=7
fi
equal "left out with a reason and a count" "$("$IORIOT" -c full/run.capture -r again.replay -n full --root full/root |
	grep -o '[0-9]*  refused for .*')" "$refused  refused for want of space (ENOSPC, EDQUOT)"
equal "a request of AIO that was refused leaves its batch" "$(grep -c '|io_submit@' full/run.replay)" 1
done_testing
