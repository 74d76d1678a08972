#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# --only and --skip: what is left out is gone with what only it needed, and nothing else diverges.
# shellcheck source=../replay_lib.sh
. "$TESTS/replay_lib.sh"

# Two files that are read and written in turn by two processes, one of them without a place of its own,
# and a file that is written, renamed and read.
replay_file all.replay << 'E1'
1+9|0|0|-|@TREE@/db|O_RDWR|0|>0|3|open
2+9|0|0|-|0|100|0|100|pread64
3+9|0|0|-|0|100|4000|100|pwrite64
4+9|0|0|-|@TREE@/log|O_RDONLY|0|>1|4|open
5+9|0|0|-|1|10|10|read
6+9|0|0|-|1|10|10|read
7+9|0|0|-|1|-|0|close
8+9|0|0|-|@TREE@/mixed|O_RDWR|0|>2|4|open
9+9|0|0|-|2|10|10|read
10+9|0|0|-|2|10|10|write
11+9|0|0|-|2|0|SEEK_CUR|20|lseek
12+9|0|0|-|2|0|SEEK_SET|0|lseek
13+9|0|0|-|2|10|10|read
14+9|0|0|-|2|-|0|close
15+9|0|0|-|@TREE@/tmp|O_RDWR+O_CREAT|0644|>3|4|open
16+9|0|0|-|3|50|50|write
17+9|0|0|-|3|-|0|close
18+9|0|0|-|@TREE@/tmp|@TREE@/new|0|rename
19+9|0|0|-|@TREE@/new|O_RDONLY|0|>4|4|open
20+9|0|0|-|4|100|50|read
21+9|0|0|-|4|-|0|close
22+9|0|0|-|0|0|fsync
23+9|0|0|-|1:1|0:5|1|fork
24+9|1|1|-|5|100|8000|100|pread64
25+9|1|1|-|@TREE@/none|04|-ENOENT|access
26+9|1|1|-|5|5000|8000|192|pread64
27+9|1|1|-|5|-|0|close
28+9|0|0|26|@TREE@/grown|O_WRONLY+O_CREAT|0644|>7|4|open
29+9|0|0|-|7|50|50|write
30+9|0|0|-|7|-|0|close
31+9|0|0|-|@TREE@/db|04|0|access
INIT
file|0666|0|0|8192|0+8192|@TREE@/db|
file|0666|0|0|20|0+20|@TREE@/log|
file|0666|0|0|100|0+100|@TREE@/mixed|
E1
counts() { json '{o["name"]: o["count"] for o in j["by_operation"]}' "$1"; }
stay() { json '[j["selection"][k] for k in ("left_out", "closes_left_out", "stay_descriptor", "stay_place",
	"stay_length", "stay_effect")]' "$1"; }

replays "all" 0 all.replay --json all.json
equal "all: nothing is said of a selection" "$(json 'j["selection"]' all.json)" None

# The reads go, but for the one before a write at the same place. The opens are no reads.
replays "without reads" 0 all.replay --skip=READ --json reads.json -S reads.txt -p 2 -t 2
equal "without reads: what is left" "$(counts reads.json)" \
	"{'open': 6, 'close': 6, 'read': 1, 'write': 3, 'pwrite64': 1, 'lseek': 2, 'fsync': 1, 'access': 2, 'rename': 1, 'fork': 1}"
says "without reads: said" "^Left out by --only and --skip: [0-9]+ operations"
check "without reads: as text" grep -q "stay, which move to where others go on" reads.txt

# Without writes, what was added and is read later stays; what nobody reads does not.
replays "without writes" 0 all.replay --skip=WRITE --json writes.json
equal "without writes: what is left" "$(json '{o["name"]: o["count"] for o in j["by_operation"]
	if o["class"] == "WRITE"}' writes.json)" "{'write': 2}"
equal "without writes: reasons" "$(stay writes.json)" "[2, 0, 0, 1, 1, 0]"

replays "only reads" 0 all.replay --only=READ --json only.json
equal "only reads: all of them" "$(json '{o["name"]: o["count"] for o in j["by_operation"]
	if o["class"] == "READ"}' only.json)" "{'read': 5, 'pread64': 3}"
equal "only reads: no looks" "$(json '[o["name"] for o in j["by_operation"] if o["name"] in ("access", "fsync")]' \
	only.json)" "[]"
replays "a process" 0 all.replay --skip=process=1 --json process.json
equal "a process: the other's are gone" "$(json '[o["count"] for o in j["by_operation"] if o["name"] == "pread64"],
	[o["count"] for o in j["by_operation"] if o["name"] == "access"]' process.json)" "([1], [1])"
replays "a path" 0 all.replay --skip='path=*/log' --json path.json
equal "a path: its descriptor, too" "$(stay path.json)" "[4, 0, 0, 0, 0, 0]"
replays "reads of a path" 0 all.replay --skip='READ,path=*/log' --json path.json
equal "reads of a path: the open stays" "$(json 'j["operations"]' path.json)" 29
replays "patterns" 0 all.replay --skip='acc*,f?ync' --json pattern.json
equal "patterns: gone" "$(json '[o["name"] for o in j["by_operation"] if o["name"] in ("access", "fsync")]' \
	pattern.json)" "[]"
replays "names are not taken away" 0 all.replay --skip=rename,open --json names.json
equal "names are not taken away: counted" "$(json 'j["selection"]["stay_effect"] >= 3' names.json)" True
replays "closes of what is not open" 0 all.replay --only=close --json close.json
equal "closes of what is not open: counted" "$(json 'j["selection"]["closes_left_out"]' close.json)" 4
replays "with a limit" 0 all.replay --skip=READ --limit=3ops --json limit.json
equal "with a limit" "$(json 'j["operations"]' limit.json)" 3
equal "another replay for comparisons" "$(cmp -s <(json 'j["replay"]["hash"]' all.json) \
	<(json 'j["replay"]["hash"]' reads.json) && echo same)" ""
equal "every member of the JSON is documented" "$(json '" ".join(k for k in j["selection"]
	if "`" + k + "`" not in open("'"$SOURCE"'/docs/statistics.md").read())' close.json)" ""

for bad in nothing read,,write proc=1 process=x path= state_task 'read;write'; do
	fails "--only=$bad" 2 "--only: \".*\" is no operation, family, class" \
		"$IORIOT" -r all.replay --root "$place" --only="$bad"
	fails "--skip=$bad" 2 "--skip: \".*\" is no operation, family, class" \
		"$IORIOT" -r all.replay --root "$place" --skip="$bad"
done
replay_file huge.replay << 'E1'
1+9|0|0|-|@TREE@/db|O_RDWR|0|>4000000000|3|open
E1
init huge.replay
fails "a huge number" 1 "4000000000 is out of proportion" \
	"$IORIOT" -r huge.replay --root "$place" -D --skip=READ
done_testing
