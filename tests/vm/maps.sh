#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# time-limit: 1700
# Page faults of memory maps are recorded exactly, on each file system, and what programs do with maps, also
# with those that they have when it begins, is replayed from a capture of the module.
# shellcheck source=vm_lib.sh
. "$TESTS/vm/vm_lib.sh"

mkdir maps
check "build: faults" cc -O1 -static -o maps/faults "$TESTS/vm/faults.c"
check "build: maps_program" cc -O1 -static -pthread -o maps/maps_program "$TESTS/scenarios/maps_program.c"
check "build: attached_maps" cc -O1 -static -o maps/attached_maps "$TESTS/e2e/attached_maps.c"
guest maps

for place in ext4 xfs btrfs tmpfs; do
	check "$place: the page faults of the program" "$TESTS/vm/compare_captures.py" \
		--expected "$out/faults-$place.stdout" "$out/faults-$place.capture"
done
equal "the module says what it knows of pages" "$(head -n 1 "$out/module.capture" | grep -o 'faults=[a-z]*')" faults=events
done_testing
