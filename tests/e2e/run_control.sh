#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# How much of a replay is run and counted (--limit, --warmup), and what ends it early.
# shellcheck source=../replay_lib.sh
. "$TESTS/replay_lib.sh"

# 2000 operations, every tenth an error, the second half of another kind.
awk 'BEGIN {
	print "0+0|0|0|-|0|/|%null|@TREE@|0|state_task"
	for (i = 0; i < 2000; i++)
		printf "%d+1000|0|0|-|@TREE@%s|%s|%s\n", i * 1000000, i % 10 ? "" : "/none",
			i < 1000 ? "04|" (i % 10 ? "0" : "-ENOENT") : (i % 10 ? "0" : "-ENOENT"),
			i < 1000 ? "access" : "chdir"
}' | sed '1d' | replay_file many.replay
replays "limit of operations" 0 many.replay --limit=150ops --json limit.json
equal "limit of operations: as many" "$(json '[j[k] for k in ("operations", "errors", "complete",
	"ended_by_limit")], j["settings"]["limit"]' limit.json)" "([150, 15, True, False], {'operations': 150})"
equal "limit of operations: time of the capture" "$(json 'round(j["captured_seconds"], 3)' limit.json)" 0.149
replays "limit beyond the end" 0 many.replay --limit=1Mops --json limit.json
equal "limit beyond the end: all" "$(json 'j["operations"]' limit.json)" 2000

# Paced, 100 s long.
awk 'BEGIN {
	print "0+1000|0|0|-|@TREE@/made|0755|0|mkdir"
	for (i = 1; i < 10000; i++)
		printf "%.0f+1000|0|0|-|@TREE@/made|04|0|access\n", i * 10000000
}' | replay_file paced.replay
replays "limit of time" 0 paced.replay -s 1 --limit=1s --json limit.json -S limit.txt
equal "limit of time: ends there" "$(json '1 <= j["seconds"] < 10 and j["ended_by_limit"] and j["complete"]
	and 2 <= j["operations"] <= 1000' limit.json)" True
check "limit of time: as text" grep -q "Ended by: --limit" limit.txt
says "limit of time: said" "^Ended by --limit"

# A warm-up of operations: what was before is not counted, but in the time line.
replays "warm-up of operations" 0 paced.replay -s 20 --warmup=100ops --limit=1s --json warm.json -S warm.txt
equal "warm-up of operations: all are somewhere" "$(json 'j["warmup"]["operations"] >= 100 and
	j["warmup"]["operations"] + j["operations"] == sum(m["operations"] for m in j["timeline"]) and
	[m["warmup"] for m in j["timeline"]][0] and not [m["warmup"] for m in j["timeline"]][-1]' warm.json)" True
equal "warm-up of operations: the first is not counted" \
	"$(json '[o["name"] for o in j["by_operation"]]' warm.json)" "['access']"
equal "warm-up of operations: the limit comes behind it" \
	"$(json '1 <= j["seconds"] < 10 and j["warmup"]["seconds"] > 0.04' warm.json)" True
# one may be on its way when the warm-up ends: late before it and counted behind it
equal "warm-up of operations: counts agree" "$(json 'all(abs(n - j["operations"]) <= 1 for n in (
	j["lateness_ns"]["count"], sum(o["replayed_ns"]["count"] for o in j["by_operation"])))' warm.json)" True
check "warm-up of operations: as text" grep -q "Warm-up, not in these numbers: [0-9]* operations" warm.txt
says "warm-up of operations: said" "^The warm-up before that: [0-9]+ operations"
replays "warm-up of time" 0 paced.replay -s 20 --warmup=1s --limit=1s --json warm.json
equal "warm-up of time" "$(json '1 <= j["warmup"]["seconds"] < 10 and 1 <= j["seconds"] < 10' warm.json)" True
init many.replay
fails "a warm-up longer than the replay" 1 "over before its warm-up was" \
	"$IORIOT" -r many.replay --root "$place" -D --warmup=2001ops --json warm.json
equal "a warm-up longer than the replay: incomplete" \
	"$(json 'j["complete"], j["operations"]' warm.json)" "(False, 2000)"

for bad in --limit=0s --limit=5 --limit=ops --limit=-3ops --limit=5xops --limit=1.5s --limit= \
	--limit=99999999999999999999ops --warmup=0ops --warmup=s --warmup=5opss; do
	fails "bad: $bad" 2 "${bad%%=*} needs a time such as 90s or 10m, (or )?operations" \
		"$IORIOT" -r many.replay --root "$place" "$bad"
done
fails "--limit is of the replay" 2 "--limit means nothing to this command" "$IORIOT" -i many.replay --limit=5s

# Ctrl-C ends a replay within a second, with the statistics so far: in a paced gap, and while one of its
# threads waits for a lock that another one holds for a minute.
interrupted() { # NAME CONDITION FILE REPLAY OPERATIONS [OPTIONS]
	local name=$1 condition=$2 file=$3 replay=$4 operations=$5 took
	shift 5
	init "$replay"
	took=$("$TESTS/e2e/interrupt.py" "$condition" "$file" "$IORIOT" -r "$replay" --root "$place" -D -s 1 \
		--json int.json "$@" 2> int.err | tail -1)
	check "$name: at once ($took)" grep -Eq '^0\.[0-9]+ s, status 1$' <<< "$took"
	check "$name: why" grep -q '^ioriot: the replay was interrupted by Interrupt' int.err
	equal "$name: statistics so far" "$(json 'j["complete"], j["incomplete"], j["operations"],
		len(j["timeline"]) >= 1' int.json)" \
		"(False, 'the replay was interrupted by Interrupt', $operations, True)"
}
replay_file gap.replay << 'E1'
0+1000|0|0|-|@TREE@/made|0755|0|mkdir
60000000000+1000|0|0|-|@TREE@/made|0|rmdir
E1
interrupted "Ctrl-C in a paced gap" exists "$tree/made" gap.replay 1
replay_file lock.replay << 'E1'
0+1000|0|0|-|@TREE@/f|O_RDWR|0|>0|3|open
0+1000|1|1|-|@TREE@/f|O_RDWR|0|>1|3|open
1000+1000|0|0|-|0|F_SETLK|F_WRLCK,SEEK_SET,0,1,L0|>-|0|fcntl
20000000+60000000000|1|1|4|1|F_SETLKW|F_WRLCK,SEEK_SET,0,1,L1|>-|0|fcntl
60000000000+1000|0|0|-|0|F_SETLK|F_UNLCK,SEEK_SET,0,1,L0|>-|0|fcntl
INIT
file|0666|0|0|4096|0+4096|@TREE@/f|
E1
interrupted "Ctrl-C in a lock wait" waited "$tree/f" lock.replay 3 -p 2 -t 1
interrupted "Ctrl-C in a lock wait, one worker" waited "$tree/f" lock.replay 3 -p 1 -t 2

# Progress: only on a terminal; rate, time left, divergences so far.
awk 'BEGIN {
	for (i = 0; i < 100; i++)
		printf "%d+1000|0|0|-|@TREE@|04|%s|access\n", i * 20000000, i ? "0" : "-ENOENT"
}' | replay_file progress.replay
init progress.replay
"$TESTS/e2e/progress.py" "$IORIOT" -r progress.replay --root "$place" -D -s 1 > terminal
check "progress: rate, time left, divergences, lateness" grep -Eq \
	'ioriot: replay +[0-9]+ %  [0-9]+ operations \([0-9.]+/s\)  0:0[0-9] left  1 diverged, at most [0-9.]+ ms late' terminal
init progress.replay
status_is "no progress without a terminal" 3 "$IORIOT" -r progress.replay --root "$place" -D -s 10
equal "no progress without a terminal: none" "$(grep -c left <<< "${output-}")" 0
done_testing
