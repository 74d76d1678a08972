#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# time-limit: 900
# fio with each engine that makes system calls of its own kind, each pattern, buffered and direct.
# shellcheck source=../scenario_lib.sh
. "$TESTS/scenario_lib.sh"

setup() { :; }

for engine in sync psync vsync pvsync pvsync2 posixaio; do
	for direct in 0 1; do
		jobs=
		for pattern in read write randread randwrite; do
			jobs+="fio --output=log --name=$pattern --rw=$pattern --ioengine=$engine --direct=$direct "
			jobs+="--bs=4k --size=1m --nrfiles=2 --numjobs=2 --end_fsync=1 --randseed=7; "
		done
		scenario "$engine-$direct" . sh -e -c "$jobs"
	done
done
done_testing
