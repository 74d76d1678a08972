#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Memory maps of files: a program of ours, Python, sqlite and fio.
# shellcheck source=../scenario_lib.sh disable=SC2317
. "$TESTS/scenario_lib.sh"

check "build" cc -O1 -Wall -Wextra -o maps_program "$TESTS/scenarios/maps_program.c" -lpthread
chmod 755 maps_program
program=$PWD/maps_program

setup() { seq 20000 > before; }
scenario maps . "$program"
scenario_as_user maps-user . "$program"

# What generate says of pages, and that the replay did touch them.
status_is "maps: once more" 0 "$IORIOT" -c maps/run.capture -r again.replay -n maps --root maps/root
says "maps: what is known of pages" "memory maps of files: [0-9]+; pages that were touched: those in page tables"
status_is "maps: initialised" 0 "$IORIOT" -i again.replay --root maps/root
status_is "maps: replayed" 0 "$IORIOT" -r again.replay --root maps/root -D -S maps.stats
for op in mmap munmap mremap msync madvise map_read map_write; do
	check "maps: $op is in the statistics" grep -q "^	$op " maps.stats
done
sed '1s/|faults=pagemap|/|/' maps/run.capture > none.capture
status_is "maps: without pages" 0 "$IORIOT" -c none.capture -r none.replay -n maps --root maps/root
says "maps: what is assumed then" "not captured, taken to be all of shared maps for writing, and none of others"

setup() {
	seq 50000 > list
	cat > program.py <<'PROGRAM'
import mmap, os

with open("list", "r+b") as f:
    with mmap.mmap(f.fileno(), 0) as m:
        m[100:105] = b"hello"
        m.flush()
        at = m.find(b"\n40000\n")
        m[at + 1] = 0x78
        m.move(0, 4096, 100)
        m.resize(len(m) + 100000)
        m[-1] = 1
    with mmap.mmap(f.fileno(), 0, access=mmap.ACCESS_COPY) as m:
        m[5000] = 1
        copy = bytes(m)
    try:
        mmap.mmap(f.fileno(), 0, offset=1)
        raise SystemExit("an offset that cannot be")
    except (OSError, ValueError):
        pass
with open("list", "rb") as f, mmap.mmap(f.fileno(), 0, prot=mmap.PROT_READ) as m:
    assert copy[5000] == 1 and m[5000] != 1
    m.madvise(mmap.MADV_RANDOM)
    sum(m[i] for i in range(0, len(m), 10000))
with open("new", "w+b") as f:
    f.truncate(1 << 20)
    m = mmap.mmap(f.fileno(), 1 << 20)
os.unlink("list")
m[500000] = 1
PROGRAM
}
scenario python-maps . /usr/bin/python3 program.py
scenario_as_user python-maps-user . /usr/bin/python3 program.py

setup() { :; }
sql='PRAGMA mmap_size=10000000; PRAGMA journal_mode=WAL; CREATE TABLE t(n INT, v TEXT);
WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n+1 FROM c WHERE n<2000) INSERT INTO t SELECT n, hex(randomblob(200)) FROM c;'
scenario sqlite-maps . sh -c "sqlite3 db \"$sql\" && sqlite3 db 'PRAGMA mmap_size=10000000; SELECT sum(length(v)) FROM t;
	CREATE INDEX i ON t(v); PRAGMA wal_checkpoint(TRUNCATE); SELECT count(*) FROM t WHERE v > \"8\";'"

setup() { mkdir files; }
for rw in read write randread randwrite; do
	scenario "fio-$rw" files fio --name=job --numjobs=2 --ioengine=mmap --rw="$rw" --size=2m --bs=4k \
		--directory=files --allow_file_create=1 --fsync=100 --output=fio.log
done
done_testing
