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

# What a machine with other work adds to the time of a paced replay: it is late, and its calls take longer.
late='(j["lateness_ns"]["max"] / 1e9 + j["thread_seconds"]["calls"])'
all_late='(j["lateness_ns"]["sum"] / 1e9 + j["thread_seconds"]["calls"])'

# 200 operations, 2 ms apart, by two threads.
awk 'BEGIN {
	for (i = 0; i < 200; i++)
		printf "%d+1000|%d|0|-|0|sync_|\n", i * 2000000, i % 2
}' | sed 's/|0|sync_|/|@TREE@|04|0|access/' | replay_file paced.replay
replays "paced" 0 paced.replay -p 1 -t 2 -s 1 --json paced.json -S paced.txt
equal "paced: takes as long as the capture" \
	"$(json "0.398 <= j['seconds'] < 0.7 + $late and
	abs(j['seconds_ahead'] + j['seconds'] - 0.398) < 0.01" paced.json)" True
equal "paced: lateness of each" "$(json 'j["lateness_ns"]["count"]' paced.json)" 200
check "paced: lateness as text" grep -q "Lateness at speed 1 (us): p50" paced.txt
echo "  $(grep Lateness paced.txt)"
equal "paced: time is told apart" "$(json '0.1 < j["thread_seconds"]["pacing"] < 2 * j["seconds"] and
	j["thread_seconds"]["pacing"] * 1e9 - sum(o["pace_ns"] for o in j["by_operation"]) < 1 and
	0 < j["thread_seconds"]["calls"] < 2 * j["seconds"]' paced.json)" True
check "paced: time is told apart, as text" grep -Eq '^	access +[0-9.]+ +0.000200 +0.000000 +[0-9.]+$' paced.txt
replays "twice as fast" 0 paced.replay -p 1 -t 2 -s 2 --json fast.json
equal "twice as fast: half the time" "$(json "0.199 <= j['seconds'] < 0.39 + $late" fast.json)" True

# --pace=think: 51 reads that took 20 ms each when captured, 10 ms apart. The gaps stay, the reads are as
# fast as they are here: 0.5 s of 1.52.
awk 'BEGIN {
	print "0+100|0|0|-|@TREE@/f|O_RDONLY|0|>0|3|open"
	for (i = 0; i < 51; i++)
		printf "%d+20000000|0|0|-|0|10|10|read\n", 100 + i * 30000000
	print "INIT"
	print "file|0644|0|0|4096|0+4096|@TREE@/f|"
}' | replay_file think.replay
replays "think" 0 think.replay --pace=think --json think.json -S think.txt
equal "think: the gaps are kept, the I/O is not" \
	"$(json "0.5 <= j['seconds'] < 0.9 + $all_late and j['captured_seconds'] > 1.5" think.json)" True
equal "think: settings" "$(json '[j["settings"][k] for k in ("pace", "speed")]' think.json)" \
	"['think', 1.0]"
equal "think: lateness of each" "$(json 'j["lateness_ns"]["count"]' think.json)" 52
check "think: lateness as text" \
	grep -q "Lateness of operations after their think time at speed 1 (us): p50" think.txt
echo "  $(grep Lateness think.txt)"
replays "think twice as fast" 0 think.replay --pace=think -s 2 --json think2.json
equal "think twice as fast: half the gaps" \
	"$(json "0.25 <= j['seconds'] < 0.49 + $all_late" think2.json)" True

# Two threads on one real thread: their gaps of 10 ms pass at the same time.
awk 'BEGIN {
	for (i = 0; i < 100; i++)
		printf "%d+1000|%d|%d|-|@TREE@|04|0|access\n", i * 5000000, i % 2, i % 2
}' | replay_file side.replay
replays "think side by side" 0 side.replay -p 1 -t 1 --pace=think --json side.json
equal "think side by side: at the same time" "$(json "0.48 <= j['seconds'] < 0.8 + $all_late" side.json)" True

# One thread holds a lock for 3 s, the other one waits 2.8 s for it: that is I/O, and comes once.
# It then computes for 0.5 s. A third one waits 3 s for the first by means that no replay shows,
# and for its write by the order: that is one wait, too.
replay_file locks.replay << 'EOF'
0+1000|0|0|-|@TREE@/f|O_RDWR|0|>0|3|open
0+1000|1|1|-|@TREE@/f|O_RDWR|0|>1|3|open
0+1000|2|2|-|@TREE@/f|O_RDWR|0|>2|3|open
1000+1000|0|0|-|0|F_SETLK|F_WRLCK,SEEK_SET,0,1,L0|>-|0|fcntl
3000000000+1000|0|0|-|0|10|10|write
3000001000+1000|0|0|-|0|F_SETLK|F_UNLCK,SEEK_SET,0,1,L0|>-|0|fcntl
200000000+2800002000|1|1|5|1|F_SETLKW|F_WRLCK,SEEK_SET,0,1,L1|>-|0|fcntl
3500000000+1000|1|1|-|1|10|10|write
3000002000+1000|2|2|6|2|10|10|write
INIT
file|0666|0|0|4096|0+4096|@TREE@/f|
EOF
for layout in "3 1" "1 3"; do
	replays "think with a lock, $layout" 0 locks.replay -p "${layout% *}" -t "${layout#* }" --pace=think --json locks.json
	equal "think with a lock, $layout: nobody waits twice" \
		"$(json '3.4 <= j["seconds"] < 5 + j["lateness_ns"]["sum"] / 1e9' locks.json)" True
done

# A time line: 50 operations a second for 2.2 s, then a wait for another thread.
awk 'BEGIN {
	for (i = 0; i <= 110; i++)
		printf "%d+1000|0|0|-|@TREE@|04|0|access\n", i * 20000000
	print "2200001000+1000|1|1|112|@TREE@/none|04|-ENOENT|access"
}' | replay_file timeline.replay
replays "time line" 0 timeline.replay -p 1 -t 2 -s 1 --json timeline.json -S timeline.txt
# of each second, unless the machine did something else all that time
equal "time line: seconds" "$(json '[m["end"] >= 1 and int(m["end"]) > int(before["end"]) for before, m in
	zip([{"end": 0}] + j["timeline"][:-2], j["timeline"][:-1])]' timeline.json | grep -Eo 'True|False' | sort -u)" True
equal "time line: to the end" "$(json 'round(j["timeline"][-1]["end"] - j["seconds"], 3), j["seconds"] >= 2.2' \
	timeline.json)" "(0.0, True)"
equal "time line: adds up" "$(json '[sum(m[k] for m in j["timeline"]) for k in ("operations", "errors")] +
	[sum(m["lateness_ns"]["count"] for m in j["timeline"])]' timeline.json)" "[112, 1, 112]"
equal "time line: rate" "$(json 'abs(j["timeline"][0]["operations_per_second"] * j["timeline"][0]["end"] -
	j["timeline"][0]["operations"]) < 1' timeline.json)" True
equal "time line: lateness" "$(json 'max(m["lateness_ns"]["max"] for m in j["timeline"]) >=
	max(m["lateness_ns"]["mean"] for m in j["timeline"]) > 0' timeline.json)" True
equal "time line: as text" "$(sed -n '/^Time line/,/^Host/p' timeline.txt | grep -c '^	 *[0-9]')" \
	"$(json 'len(j["timeline"])' timeline.json)"
done_testing
