#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# --by=file: what a replay did, by file.
# shellcheck source=../replay_lib.sh
. "$TESTS/replay_lib.sh"

# By descriptor, by a copy of it, by name, relative to a directory and to the current one, after a rename; a call
# that fails, one on no file, and a process that inherits.
replay_file work.replay << 'E1'
3+10|0|0|-|@TREE@/d/a|O_RDWR|0|>0|3|open
4+20|0|0|-|0|4096|4096|read
5+30|0|0|-|0|100|100|write
6+40|0|0|-|0|>1|4|dup
7+50|0|0|-|1|4096|2096|read
8+60|0|0|-|@TREE@/d|O_RDONLY|0|>2|5|open
9+70|0|0|-|2|b|04|0|faccessat
10+80|0|0|-|@TREE@/d|0|chdir
11+90|0|0|-|b|04|0|access
12+10|0|0|-|@TREE@/d/b|@TREE@/d/c|0|rename
13+20|0|0|-|c|04|0|access
14+30|0|0|-|@TREE@/none|04|-ENOENT|access
15+40|0|0|-|0|sync
16+50|0|0|-|1:1|0:3|99|fork
17+60|1|1|15|3|0|SEEK_SET|0|lseek
18+70|0|0|-|0|-|0|close
INIT
file|0644|0|0|6292|0+6292|@TREE@/d/a|
file|0644|0|0|10|0+10|@TREE@/d/b|
E1
status_is "replayed" 0 "$IORIOT" -R work.replay --root "$place" -D --by=file --json all.json -S all.txt
files() { # FILE EXPRESSION of f
	json '{f["name"]: '"$2"' for f in j["by_file"]}' "$1"
}
equal "operations of each file" "$(files all.json 'f["count"]' | tr -d '{}' | tr ',' '\n' | sed 's/^ //' | LC_ALL=C sort)" \
	"'/d': 2
'/d/a': 7
'/d/b': 4
'/none': 1
None: 2"
equal "bytes" "$(json '[(f["bytes_read"], f["bytes_written"]) for f in j["by_file"] if f["name"] == "/d/a"]' all.json)" \
	"[(6192, 100)]"
equal "errors" "$(json '[f["name"] for f in j["by_file"] if f["errors"]]' all.json)" "['/none']"
equal "as captured" "$(json '[f["captured_ns"]["sum"] for f in j["by_file"] if f["name"] == "/none"]' all.json)" "[30]"
equal "all operations are in it" "$(json '[sum(f[a][b] for f in j["by_file"]) == sum(o[a][b] for o in j["by_operation"])
	for a in ("captured_ns", "replayed_ns") for b in ("count", "sum")]' all.json)" "[True, True, True, True]"
equal "the longest time first" "$(json 'sorted((f["replayed_ns"]["sum"] for f in j["by_file"]), reverse=True) ==
	[f["replayed_ns"]["sum"] for f in j["by_file"]]' all.json)" True
equal "every member is documented" "$(json '" ".join(k for k in j["by_file"][0]
	if "`" + k + "`" not in open("'"$SOURCE"'/docs/statistics.md").read())' all.json)" ""
check "text: how many" grep -q '^Files, 5 of 5, latency in us:' all.txt
check "text: a name" grep -q "^	/d/a$" all.txt
check "text: what has no name" grep -q '^	(no file known by name)$' all.txt
status_is "fewer lines" 0 "$IORIOT" -R work.replay --root "$place" -D --by=file --top=2 -S top.txt
check "fewer lines: said" grep -q '^Files, 2 of 5' top.txt

status_is "not asked for" 0 "$IORIOT" -R work.replay --root "$place" -D --json none.json -S none.txt
equal "not asked for: not there" "$(json 'j["by_file"]' none.json) $(grep -c ^Files none.txt)" "None 0"
status_is "with copies" 0 "$IORIOT" -R work.replay --root "$place" -D --by=file --scale=3 --json copies.json
equal "with copies: sums" "$(files copies.json 'f["count"]' | grep -o "'/d/a': [0-9]*")" "'/d/a': 21"
status_is "with a selection" 0 "$IORIOT" -R work.replay --root "$place" -D --by=file --skip='READ,path=/d/a' \
	--json skip.json
equal "with a selection: without what is left out" "$(json 'sum(f["count"] for f in j["by_file"]) == j["operations"],
	j["operations"] < 16' skip.json)" "(True, True)"
status_is "runs" 0 "$IORIOT" -R work.replay --root "$place" -D --by=file --repeat=2 --json runs.json
equal "runs: each" "$(json '[len(r["by_file"]) for r in j["runs"]]' runs.json)" "[5, 5]"
rm -f "$tree/none"
init work.replay
rm "$tree/d/a"
status_is "divergences" 3 "$IORIOT" -r work.replay --root "$place" -D --by=file --json diverged.json
equal "divergences: of the file" "$(json 'sum(f["divergences"] for f in j["by_file"]) == j["divergences"],
	[f["name"] for f in j["by_file"] if f["divergences"]]' diverged.json)" "(True, ['/d/a'])"

# More files than are told apart: those with most operations are.
{
	awk 'BEGIN { for (i = 0; i < 1500; i++) for (k = 0; k < 1 + (i >= 1200); k++)
		printf "%d+9|0|0|-|@TREE@/f%d|04|-ENOENT|access\n", ++n, i }'
} | replay_file many.replay
status_is "many files" 0 "$IORIOT" -R many.replay --root "$place" -D --by=file --json many.json
equal "many files: those with most operations" "$(json 'len(j["by_file"]), sum(f["count"] for f in j["by_file"]),
	sum(f["count"] == 2 for f in j["by_file"]), [(f["files"], f["count"]) for f in j["by_file"] if not f["name"]]' \
	many.json)" "(1025, 1800, 300, [(476, 476)])"

# A capture and its replay.
mkdir work
echo text > work/read
# shellcheck disable=SC2016
check "capture" "$IORIOT" --quiet -c a.capture -- sh -c 'cat work/read work/read > /dev/null; echo more >> work/read'
check "generate" "$IORIOT" --quiet -c a.capture -r a.replay -n t1 --root "$place" -u "$(id -un)"
check "replay" "$IORIOT" -R a.replay --root "$place" -D --quiet -u "$(id -un)" --by=file --json a.json
status_is "compared with the capture" 0 "$IORIOT" --quiet -a a.capture a.json --top=0
count=$(json '[f["count"] for f in j["by_file"] if f["name"] == "'"$PWD"'/work/read"][0]' a.json)
says "compared with the capture: the file" "^ +[0-9]+ +$count .* $PWD/work/read$"
status_is "compared with the capture: fewer" 0 "$IORIOT" --quiet -a a.capture a.json --top=1
says "compared with the capture: fewer, said" "^  and [0-9]+ more files"

fails "by something else" 2 "the statistics of a replay can be --by=file, not by \"op\"" \
	"$IORIOT" -r work.replay --root "$place" --by=op
fails "rows of nothing" 2 "--top means nothing to a replay without --by=file" \
	"$IORIOT" -r work.replay --root "$place" --top=3
fails "a pipe" 1 "--only, --skip and --by read the replay more than once: give a file" \
	"$IORIOT" -r - --root "$place" --by=file
done_testing
