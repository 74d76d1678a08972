#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A full disk stops each step with a sentence and status 1, and nothing half is left. The disk is
# 1 MiB of tmpfs in a mount namespace that ends with the test.
# shellcheck source=../lib.sh
. "$TESTS/lib.sh"

own_mounts "full disk" "needs root to mount a small file system"

mkdir small root
chown 65534 root
mount -t tmpfs -o size=1m,mode=777 none small || exit 1
head -c 3000000 /dev/zero > big
"$IORIOT" --quiet -c big.capture -- cat big > /dev/null
"$IORIOT" --quiet -c big.capture -r big.replay -n big --root "$TEST_TMP/small"
fails "init" 1 "(needs|No space left)" "$IORIOT" -i big.replay --root "$TEST_TMP/small"
"$IORIOT" -P --root "$TEST_TMP/small" > /dev/null

head -c 1048576 /dev/zero > small/filler 2>/dev/null
fails "capture" 1 "No space left" "$IORIOT" -c small/x.capture -- find /usr/share/doc -maxdepth 1
fails "generate" 1 "No space left" "$IORIOT" -c big.capture -r small/x.replay -n x \
	--root "$TEST_TMP/root"
absent "no half replay is left" small/x.replay*
done_testing
