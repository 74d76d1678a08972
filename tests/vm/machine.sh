#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# time-limit: 1700
# The virtual machine works: a program is recorded there with ptrace and replayed, on each file
# system, as root and as an ordinary user.
# shellcheck source=vm_lib.sh
. "$TESTS/vm/vm_lib.sh"

# An ordinary user makes kernel and modules once, not for each script.
mkdir -m 777 common
cache=$TEST_TMP/common/vm
if as_user test -w "$SOURCE"; then
	cache=$SOURCE/build/vm
fi
status_is "the cache of a user" 0 as_user env -u XDG_CACHE_HOME TEST_COMMON="$TEST_TMP/common" python3 -c \
	'import sys; sys.path.insert(0, sys.argv[1]); import image; print(image.cache_directory())' "$TESTS/vm"
equal "the cache of a user is that of all scripts" "$output" "$cache"

guest machine
check "a file that was fetched" "$TESTS/capture_check.py" "$out/ext4.capture"
done_testing
