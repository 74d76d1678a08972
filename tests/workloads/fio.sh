#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# time-limit: 1800
# fio with each engine that makes system calls of its own kind, each pattern, buffered and direct.
# shellcheck source=../scenario_lib.sh
. "$TESTS/scenario_lib.sh"

setup() { :; }

directs="0 1"
if ! refused=$(LC_ALL=C dd if=/dev/zero of=direct bs=4k count=1 oflag=direct 2>&1); then
	directs=0
fi
for engine in sync psync vsync pvsync pvsync2 libaio posixaio io_uring mmap; do
	for direct in $directs; do
		jobs=
		for pattern in read write randread randwrite; do
			jobs+="fio --output=log --name=$pattern --rw=$pattern --ioengine=$engine --direct=$direct "
			jobs+="--bs=4k --size=512k --nrfiles=2 --numjobs=2 --iodepth=4 --end_fsync=1 --randseed=7; "
		done
		scenario "$engine-$direct" . sh -e -c "$jobs"
	done
	if [ "$directs" = 0 ]; then
		skip "$engine-1" "the file system allows no direct I/O: ${refused##*dd: }"
	fi
done
done_testing
