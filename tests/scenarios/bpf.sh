#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# time-limit: 600
# Programs that BPF programs record: rings, one of them served by a thread of the kernel; all kinds of files; a
# database; processes that end in any order; memory maps.
# shellcheck source=../scenario_lib.sh
. "$TESTS/scenario_lib.sh"
# shellcheck source=../bpf_lib.sh
. "$TESTS/bpf_lib.sh"

bpf_or_skip "scenarios with BPF"
capture_options=(--backend=bpf)

cc -O1 -o uring_program "$TESTS/scenarios/uring_program.c" -luring -lpthread
program=$PWD/uring_program
# called by scenario
# shellcheck disable=SC2317
setup() { mkdir data data/threads data/polled; }
scenario bpf-uring data sh -c 'cd data/threads && "$0" && cd ../polled && "$0" polled' "$program"
equal "bpf-uring: nothing is lost" "$(grep 'o=lost' "$TEST_TMP/bpf-uring/run.capture")" ""
check "bpf-uring: submissions of both rings" \
	test "$(grep -c ';:,o=uring_write;:,' "$TEST_TMP/bpf-uring/run.capture")" -gt 100

# shellcheck disable=SC2317
setup() {
	mkdir -p tree/deep/er tree/empty
	for n in 1 2 3 4 5; do
		seq "$n" $((n * 500)) >"tree/deep/file$n"
	done
	ln tree/deep/file1 tree/deep/er/second-name
	ln -s ../../deep/file2 tree/deep/er/relative
	truncate -s 3M tree/hole
	mkfifo tree/fifo
	chmod 640 tree/deep/file3
	chmod 1777 tree/empty
}
# shellcheck disable=SC2016
scenario bpf-mix . sh -c 'tar -cSf out.tar tree && mkdir copy && tar -xSpf out.tar -C copy && rm -r tree/deep
	sqlite3 base.db "create table t(a); insert into t values (1), (2); begin; delete from t; rollback; vacuum"
	for i in 1 2 3 4; do (seq $i 2000 | sort -R | sort -n >sorted.$i; mv sorted.$i copy/) & done; wait'

cc -O1 -o maps_program "$TESTS/scenarios/maps_program.c" -lpthread
program=$PWD/maps_program
# shellcheck disable=SC2317
setup() { seq 20000 > before; }
scenario bpf-maps . "$program"
equal "bpf-maps: pages are told" "$(head -n 1 "$TEST_TMP/bpf-maps/run.capture" | grep -o 'faults=[a-z]*')" faults=events
setup() { mkdir files; }
for rw in randread randwrite; do
	scenario "bpf-fio-$rw" files fio --name=job --numjobs=2 --ioengine=mmap --rw="$rw" --size=2m --bs=4k \
		--directory=files --allow_file_create=1 --fsync=100 --output=fio.log
done
done_testing
