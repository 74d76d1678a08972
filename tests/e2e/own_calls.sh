#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Between two operations a replay makes no call of its own, as strace sees it.
# shellcheck source=../replay_lib.sh
. "$TESTS/replay_lib.sh"

# Two threads, each with a file of its own, and calls by descriptor and by name.
awk 'BEGIN {
	for (k = 0; k < 2; k++)
		printf "%d+10|%d|%d|-|@TREE@/f%d|O_RDWR|0|>%d|3|open\n", k, k, k, k, k
	for (i = 1; i <= 500; i++)
		for (k = 0; k < 2; k++) {
			t = 10000 * i + 100 * k
			printf "%d+10|%d|%d|-|%d|4096|%d|4096|pread64\n", t, k, k, k, i % 4 * 4096
			printf "%d+10|%d|%d|-|%d|512|%d|512|pwrite64\n", t + 20, k, k, k, i % 4 * 4096
			printf "%d+10|%d|%d|-|%d|0|SEEK_CUR|0|lseek\n", t + 40, k, k, k
			printf "%d+10|%d|%d|-|@TREE@/f%d|04|%s|access\n", t + 60, k, k, i % 3, i % 3 == 2 ? "-ENOENT" : "0"
		}
	for (k = 0; k < 2; k++)
		printf "9000000+10|%d|%d|-|%d|-|0|close\n", k, k, k
	print "INIT"
	for (k = 0; k < 2; k++)
		printf "file|0644|0|0|16384|0+16384|@TREE@/f%d|\n", k
}' | replay_file many.replay

# Calls of the threads that have the files: "NUMBER of operations, then others' names", one line a thread, with
# "first" where it is the first one of its process. A process without any other has its descriptors for itself.
of_threads() {
	awk '
		/prctl\(PR_SET_PDEATHSIG/ { first[$1] = " first" }
		/open(at)?\(.*\/f[01]"/ && !inside[$1] { inside[$1] = 1; next }
		!inside[$1] || inside[$1] == 2 || / resumed>/ || / \+\+\+ | --- / { next }
		{ call = $2; sub(/\(.*/, "", call) }
		call == "close" { inside[$1] = 2; next }
		call ~ /^(pread64|pwrite64|lseek|access)$/ { n[$1]++; next }
		{ others[$1] = others[$1] " " call }
		END { for (t in n) print n[t] first[t] others[t] }' "$1" | sort
}
traced() { # NAME LINES OPTIONS...
	local name=$1 lines=$2
	shift 2
	init many.replay
	status_is "$name: replayed" 0 strace -f -qq -o calls -- "$IORIOT" -r many.replay --root "$place" -D "$@"
	equal "$name: none of its own" "$(of_threads calls)" "$lines"
}
traced "two workers" $'2000 first\n2000 first' -p 2 -t 1
traced "two threads" $'2000\n2000 first' -p 1 -t 2
done_testing
