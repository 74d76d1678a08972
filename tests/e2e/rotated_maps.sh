#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Memory maps that live through the files of a rotation are told in each, and what is done to them is replayed.
# shellcheck source=../lib.sh
. "$TESTS/lib.sh"

check "build" cc -O1 -pthread -o program "$TESTS/e2e/limits_program.c"
mkdir work root
status_is "recorded" 0 sh -c 'cd work && "$0" -c ../maps.capture --max-size 64K -- ../program maps 1200' "$IORIOT"
check "pages are told in the last file" grep -q 'o=map_write;' maps.capture.1
for file in maps.capture maps.capture.1; do
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
equal "a map that is told is no call" "$calls" "$(grep -c ';:,D=[1-9][0-9]*;:,.*o=mmap;' maps.capture.1)"
check "the map ends in the last file" grep -qE '\|0:0:1048576\|.*\|munmap@' r.replay
done_testing
