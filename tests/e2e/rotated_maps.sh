#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Memory maps that live through the files of a rotation are told in each, and what is done to them is replayed.
# shellcheck source=../lib.sh
. "$TESTS/lib.sh"
# shellcheck source=../bpf_lib.sh
. "$TESTS/bpf_lib.sh"

check "build" cc -O1 -pthread -o program "$TESTS/e2e/limits_program.c"

# each_file WHAT FILES...: of one program, the last one when it ended
each_file() {
	local what=$1 last=${*: -1} file calls
	shift
	mkdir -p root
	check "$what: pages are told in the last file" grep -q 'o=map_write;' "$last"
	for file; do
		check "$file: is valid" python3 "$TESTS/capture_check.py" --part "$file"
		status_is "$file: calls" 0 "$IORIOT" -a "$file" --export csv:calls.csv
		check "$file: calls: a second implementation" "$TESTS/analyse/second.py" "$file" calls.csv
		equal "$file: its map" "$(grep -cE 'o=(mmap|state_map);:,a=[^;]*;:,c=1048576;:,g=3;:,l=1;:,' "$file")" 1
		status_is "$file: generated" 0 "$IORIOT" -c "$file" -r r.replay -n maps --root "$PWD/root" -u "$(id -un)"
		check "$file: the map is synced" grep -qE '\|0:0:1048576\|.*\|msync@' r.replay
		status_is "$file: initialised" 0 "$IORIOT" -i r.replay --root "$PWD/root" -u "$(id -un)" --quiet
		status_is "$file: replayed" 0 "$IORIOT" -r r.replay --root "$PWD/root" -u "$(id -un)" -D
		says "$file: no divergence" "^0 divergences"
	done
	calls=$(grep -c ',mmap,' calls.csv)
	equal "$what: a map that is told is no call" "$calls" "$(grep -c ';:,D=[1-9][0-9]*;:,.*o=mmap;' "$last")"
	check "$what: the map ends in the last file" grep -qE '\|0:0:1048576\|.*\|munmap@' r.replay
}

mkdir work
status_is "recorded" 0 sh -c 'cd work && "$0" -c ../maps.capture --max-size 64K -- ../program maps 1200' "$IORIOT"
each_file ptrace maps.capture maps.capture.1

why=$(bpf_lacks)
if [ -z "$why" ] && [ "$(printf '%s\n' 6.7 "$(uname -r)" | sort -V | head -n 1)" != 6.7 ]; then
	why="BPF programs can look at maps from Linux 6.7 on"
fi
if [ -n "$why" ]; then
	skip "with BPF" "$why"
	done_testing
fi
# Its reader comes late: the program goes on when the first file is full.
mkdir bpf_work
mkfifo go
(cd bpf_work && exec "$IORIOT" -c ../bpf.capture --backend=bpf --max-size 64K -- ../program maps 1200 900) <go >bpf.said 2>&1 &
reader=$!
exec {go}>go
check "bpf: the first file is full" await test -e bpf.capture.1
echo >&$go
wait $reader
equal "bpf: recorded: $(cat bpf.said)" $? 0
each_file bpf bpf.capture bpf.capture.1
absent "bpf: no other file" bpf.capture.2
done_testing
