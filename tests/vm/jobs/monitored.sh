# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# The job of tests/vm/monitored.sh: the same on each of its disks.
# shellcheck source=../job_lib.sh
. /usr/lib/ioriot/job_lib.sh

for disk in /dev/vd[fghi]; do
	check "$disk: one after the other" dd if=/dev/zero of="$disk" bs=64k count=64 oflag=direct conv=notrunc,fsync
	check "$disk: and back" dd if="$disk" of=/dev/null bs=64k count=64 iflag=direct
	for at in 79 66 71 64 77 69 74 65 72 68 78 67 75 70 76; do
		dd if=/dev/zero of="$disk" bs=64k count=1 seek=$at oflag=direct conv=notrunc 2> /tmp/dd.err ||
			not_ok "$disk: $at" "$(< /tmp/dd.err)"
	done
	check "$disk: here and there" dd if=/dev/zero of="$disk" bs=64k count=1 seek=73 oflag=direct conv=notrunc,fsync
done
