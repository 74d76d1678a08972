#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What limits of a process refuse or cut short (RLIMIT_FSIZE, RLIMIT_NOFILE), or its memory: no replay has
# these, and the files become the same.
# shellcheck source=../scenario_lib.sh
. "$TESTS/scenario_lib.sh"

setup() { :; }

check "build" cc -O1 -Wall -Wextra -Werror -o limits "$TESTS/scenarios/limits.c" -luring
scenario files . "$TEST_TMP/limits"
reason=$("$IORIOT" -c files/run.capture -r again.replay -n files --root files/root 2>&1 | grep 'a limit of the process')
equal "left out with a reason and a count" "${reason//[[:space:]]/ }" "$(printf '%14d  refused by a limit of the process: on the size of a file, on descriptors, on AIO' 14)"
scenario_as_user files-user . "$TEST_TMP/limits"

if why=$(uring_is_refused); then
	skip "io_uring" "this host does not allow it: $why"
else
	scenario ring . "$TEST_TMP/limits" ring
fi
scenario aio . "$TEST_TMP/limits" aio
scenario_as_user aio-user . "$TEST_TMP/limits" aio

# dd ends by the signal.
scenario shell . bash -c 'ulimit -f 5; dd if=/dev/zero of=long bs=4000 count=10; cat long long > longer; true'

if [ "$(uname -m)" != x86_64 ]; then
	skip "a 32-bit program" "this is no x86 machine"
else
	check "build, 32 bits" cc -m32 -static -O1 -Wall -Wextra -Werror -o limits32 "$TESTS/scenarios/limits32.c"
	scenario files-32 . "$TEST_TMP/limits32"
fi
done_testing
