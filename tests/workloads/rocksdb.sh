#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# time-limit: 600
# RocksDB: fills, overwrites, compacts and reads a database with several threads.
# shellcheck source=../scenario_lib.sh
. "$TESTS/scenario_lib.sh"

setup() { :; }

program='db_bench --db="$PWD/db" --num=20000 --threads=2 --value_size=200 --write_buffer_size=1000000 \
	--benchmarks=fillseq,overwrite,compact,readrandom,readseq >log 2>&1'
scenario rocksdb db sh -e -c "$program"
done_testing
