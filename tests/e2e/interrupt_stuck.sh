#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Ctrl-C ends a replay within a second also when the kernel keeps one of its workers, for which no signal is
# any good: it writes to a file system that is frozen. That is an ext4 in a mount namespace that ends with the test.
# shellcheck source=../replay_lib.sh
. "$TESTS/replay_lib.sh"

own_mounts "a worker that the kernel keeps" "needs root to freeze a file system"

truncate -s 32M image
mkfs.ext4 -q -F image
if ! mount -o loop image "$place"; then
	skip "a worker that the kernel keeps" "no loop device to be had here"
	exit 0
fi
chmod 755 "$place"

# One worker writes all the time, and so at the freeze; the other one goes on until it is ended.
awk 'BEGIN {
	for (i = 0; i < 60000; i++) {
		printf "%d+9|0|0|-|@TREE@/made%s|0|%s\n", i * 1000000, i % 2 ? "" : "|0755", i % 2 ? "rmdir" : "mkdir"
		printf "%d+9|1|1|-|@TREE@|04|0|access\n", i * 1000000
	}
}' | replay_file stuck.replay
init stuck.replay
trap 'fsfreeze -u "$place"' EXIT
(
	while [ ! -e "$tree/made" ]; do
		sleep 0.01
	done
	fsfreeze -f "$place" && : > frozen
) &
# the worker keeps what it writes to open, so a pipe would not end
"$TESTS/e2e/interrupt.py" stuck frozen "$IORIOT" -r stuck.replay --root "$place" -D -s 1 -p 2 -t 1 \
	--json stuck.json > stuck.out 2> stuck.err
took=$(tail -1 stuck.out)
check "ends within a second ($took)" grep -Eq '^0\.[0-9]+ s, status 1$' <<< "$took"
check "says what it leaves" grep -q "^ioriot: 1 worker of the replay will end when the kernel lets go of it" stuck.err
equal "statistics so far" "$(json 'j["complete"], 1 <= j["operations"] < 60000' stuck.json)" "(False, True)"
done_testing
