#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Order between threads: a chain of operations handed from thread to thread only succeeds when each
# waits for the one before. Pacing: deadlines are kept and lateness is told.
# shellcheck source=../replay_lib.sh
. "$TESTS/replay_lib.sh"

# N renames of one file, f0 -> f1 -> f2 ..., each by the next of 8 threads in 4 processes.
chain() { # N WITH-DEPS
	awk -v n="$1" -v deps="$2" 'BEGIN {
		for (i = 0; i < n; i++)
			printf "%d+9|%d|%d|%s|@TREE@/f%d|@TREE@/f%d|0|rename\n", i * 10, i % 8, i % 8 / 2,
				deps && i ? i + 1 : "-", i, i + 1
		print "INIT"
		print "file|0644|0|0|0|-|@TREE@/f0|"
	}'
}
chain 4000 1 | replay_file chain.replay
chain 4000 0 | replay_file free.replay

for layout in "1 1" "1 8" "4 2" "2 3"; do
	replays "resource order, $layout" 0 chain.replay -p "${layout% *}" -t "${layout#* }"
	check "resource order, $layout: end of the chain" test -e "$tree/f4000"
	replays "strict order, $layout" 0 free.replay -p "${layout% *}" -t "${layout#* }" --order=strict
	check "strict order, $layout: end of the chain" test -e "$tree/f4000"
done
replays "thread order, one thread" 0 free.replay -p 1 -t 1 --order=thread
replays "thread order, 8 threads diverge" 3 chain.replay -p 4 -t 2 --order=thread

# A thread that is created begins behind its creation, whatever the order and DEPS.
awk 'BEGIN {
	print "0+9|0|0|-|@TREE@/made|0755|0|mkdir"
	for (i = 1; i <= 100; i++) {
		printf "%d+9|0|0|-|@TREE@/made/%d|0755|0|mkdir\n", i * 10, i
		printf "%d+9|0|0|-|%d:%d|-|%d|fork\n", i * 10 + 1, i, i, i
		printf "%d+9|%d|%d|-|@TREE@/made/%d|0|rmdir\n", i * 10 + 2, i, i, i
	}
}' | replay_file forks.replay
for order in resource strict thread; do
	replays "forks, $order order" 0 forks.replay -p 4 -t 32 "--order=$order"
done

# 200 operations, 2 ms apart, by two threads.
awk 'BEGIN {
	for (i = 0; i < 200; i++)
		printf "%d+1000|%d|0|-|0|sync_|\n", i * 2000000, i % 2
}' | sed 's/|0|sync_|/|@TREE@|04|0|access/' | replay_file paced.replay
replays "paced" 0 paced.replay -p 1 -t 2 -s 1 --json paced.json -S paced.txt
equal "paced: takes as long as the capture" \
	"$(json '0.398 <= j["seconds"] < 0.6 and abs(j["seconds_ahead"]) < 0.2' paced.json)" True
equal "paced: lateness of each" "$(json 'j["lateness_ns"]["count"]' paced.json)" 200
check "paced: lateness as text" grep -q "Lateness at speed 1 (us): p50" paced.txt
echo "  $(grep Lateness paced.txt)"
replays "twice as fast" 0 paced.replay -p 1 -t 2 -s 2 --json fast.json
equal "twice as fast: half the time" "$(json '0.199 <= j["seconds"] < 0.35' fast.json)" True
done_testing
