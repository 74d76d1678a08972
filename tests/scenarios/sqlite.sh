#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# One database in WAL mode, four processes at once: record locks that are refused, pread, pwrite,
# fdatasync, a shared memory file, files that come and go with the last connection.
# shellcheck source=../scenario_lib.sh
. "$TESTS/scenario_lib.sh"

setup() { :; }

program='sqlite3 test.db "PRAGMA journal_mode=WAL; CREATE TABLE t(who INT, n INT, v TEXT);" >/dev/null
for who in 1 2 3; do
	for n in 1 2 3 4 5 6; do
		echo "BEGIN IMMEDIATE; INSERT INTO t VALUES($who, $n, hex(randomblob(2000))); COMMIT;"
	done | sqlite3 -cmd ".timeout 20000" test.db &
done
for n in 1 2 3; do
	sqlite3 -cmd ".timeout 20000" test.db "SELECT count(*), sum(length(v)) FROM t;" >/dev/null
done
wait
test "$(sqlite3 test.db "SELECT count(*) FROM t;")" -eq 18'
scenario sqlite . sh -c "$program"
done_testing
