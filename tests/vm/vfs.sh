#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# time-limit: 900
# Operations on files are told from calls: that they are those that functions of the kernel below the calls do, to the
# byte, whichever way a program goes; with both backends.
# shellcheck source=vm_lib.sh
. "$TESTS/vm/vm_lib.sh"

mkdir vfs
cp "$TESTS/vm/vfs_ways.py" vfs
check "build: operations" cc -D_GNU_SOURCE -O1 -static -o vfs/vfs_program "$TESTS/e2e/vfs_program.c"
check "build: rings" cc -O1 -static -o vfs/rings_program "$TESTS/e2e/rings_program.c" -luring
guest vfs
for capture in "$out"/*.capture; do
	name=$(basename "$capture" .capture)
	check "$name is sound" "$TESTS/capture_check.py" "$capture"
	mkdir "$name"
	check "$name: as CSV" "$IORIOT" -a "$capture" -L vfs --export csv:"$name"
	check "$name: what the kernel's functions did" "$TESTS/vm/vfs_functions.py" "$name/vfs_events.csv" \
		"$out/$name.trace" "$out/$name.inodes"
done
# what is compared can differ: a transfer or an operation that is missing in the trace is seen
lacks() { # NAME HOOK WHAT
	sed "0,/ $2/{/ $2/d}" "$out/stap.trace" >less.trace
	output=$("$TESTS/vm/vfs_functions.py" stap/vfs_events.csv less.trace "$out/stap.inodes" 2>&1)
	equal "$1" "$? $(grep -c "$3" <<<"$output")" "1 1"
}
lacks "bytes that no function says" write_over: "bytes written, the function says"
lacks "a file that no function synced" synced: ": synced: "
lacks "bytes that nobody gave a pipe" given: "^VMSPLICE: "
lacks "memory that nobody advised about" advised: "^MADVISE "
lacks "a map that did not grow" "moved: .*length=12288" "^MREMAP "
lacks "a program that nobody executed" "*vfs_program-.* exec: " "^PROCESS_EXEC: "
lacks "a directory that no function made" mkdir: "^MKDIR: "
done_testing
