#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A run of the workloads that is interrupted leaves no process, mount, loop device or file.
# shellcheck source=../lib.sh
. "$TESTS/lib.sh"

namespaces="unshare --mount --pid --fork --kill-child --mount-proc"
if ! is_root || ! $namespaces true 2>/dev/null; then
	skip "interrupted workloads" "only root may make namespaces and mounts"
	done_testing
fi
fs=tmpfs
if losetup -f >/dev/null 2>&1; then
	fs=ext4
fi
export STAY=$TEST_TMP TMPDIR=$TEST_TMP WORKLOADS=interrupted/stay.sh

# shellcheck disable=SC2317 # by check
gone() { # no process holds it, within a minute
	flock -w 60 "$TEST_TMP/held" true
}

# shellcheck disable=SC2317
no_device() {
	local i
	for ((i = 0; i < 600; i++)); do
		losetup -a 2>/dev/null | grep -qF "$TEST_TMP/" || return 0
		sleep 0.1 # the kernel lets go of it behind the last process
	done
	losetup -a
	return 1
}

for signal in TERM INT KILL; do
	rm -f ready held
	# without job control a command in the background ignores SIGINT
	env --default-signal=INT "$SOURCE/scripts/workloads.sh" $fs >log 2>&1 &
	run=$!
	until [ -e ready ] || ! kill -0 $run 2>/dev/null; do
		sleep 0.1
	done
	check "$signal: it runs on $fs" grep -q ioriot-workloads ready
	check "$signal: elsewhere nothing is mounted" bash -c "! grep ioriot-workloads /proc/self/mountinfo"
	kill -$signal $run
	if wait $run 2>/dev/null; then
		not_ok "$signal: it says that it did not end" "status 0: $(cat log)"
	fi
	check "$signal: no process is left" gone
	check "$signal: no loop device is left" no_device
	[ $signal = KILL ] || absent "$signal: no file is left" ioriot-workloads.* # who was killed cannot
done
done_testing
