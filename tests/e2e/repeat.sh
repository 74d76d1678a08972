#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# --repeat: each run finds the tree as the first one did, and only what a run changed is built again.
# shellcheck source=../replay_lib.sh
. "$TESTS/replay_lib.sh"

# Everything that a run can do to a tree, and what only comes out when it was put right: 30 operations.
{
	cat << 'E1'
1+9|0|0|-|@TREE@/d/new|0755|0|mkdir
2+9|0|0|-|@TREE@/d/new/f|0644|>0|3|creat
3+9|0|0|-|0|5000|5000|write
4+9|0|0|-|0|-|0|close
5+9|0|0|-|@TREE@/gone|0|unlink
6+9|0|0|-|@TREE@/gone|04|-ENOENT|access
7+9|0|0|-|@TREE@/long|O_RDWR|0|>1|3|open
8+9|0|0|-|1|0|SEEK_END|9107|lseek
9+9|0|0|-|1|100|100|write
10+9|0|0|-|1|0|SEEK_END|9207|lseek
11+9|0|0|-|1|0|0|ftruncate
12+9|0|0|-|1|-|0|close
13+9|0|0|-|@TREE@/moved|@TREE@/elsewhere|0|rename
14+9|0|0|-|@TREE@/elsewhere/in/f|04|0|access
15+9|0|0|-|@TREE@/link|0|unlink
16+9|0|0|-|long|@TREE@/link2|0|symlink
17+9|0|0|-|@TREE@/twin1|0|unlink
18+9|0|0|-|@TREE@/twin2|O_RDWR|0|>2|3|open
19+9|0|0|-|2|0|SEEK_END|300|lseek
20+9|0|0|-|2|-|0|close
21+9|0|0|-|@TREE@/d|0500|0|chmod
22+9|0|0|-|@TREE@/shut/f|0|unlink
23+9|0|0|-|@TREE@/shut|0|rmdir
24+9|0|0|-|@TREE@/closed|0700|0|chmod
25+9|0|0|-|@TREE@/closed/f|04|0|access
26+9|0|0|-|@TREE@|0755|0|chmod
27+9|0|0|-|@TREE@/other|@TREE@/other2|0|rename
28+9|0|0|-|@TREE@/other2|@TREE@/other|0|rename
29+9|0|0|-|@TREE@/fifo|0|unlink
30+9|0|0|-|@TREE@/fifo|0755|0|mkdir
INIT
dir|0755|0|0|@TREE@/d|
file|0644|0|0|10|0+10|@TREE@/gone|
file|0644|0|0|9107|0+9107|@TREE@/long|
file|0644|0|0|300|-|@TREE@/twin1|
hardlink|@TREE@/twin2|@TREE@/twin1|
file|0644|0|0|10|0+10|@TREE@/moved/in/f|
link|0|0|@TREE@/link|long|
dir|0755|0|0|@TREE@/shut|
file|0644|0|0|10|0+10|@TREE@/shut/f|
dir|0300|0|0|@TREE@/closed|
file|0644|0|0|10|0+10|@TREE@/closed/f|
file|0644|0|0|10|0+10|@TREE@/other|
fifo|0644|0|0|@TREE@/fifo|
E1
	for ((i = 0; i < 100; i++)); do
		echo "file|0644|0|0|4096|0+4096|@TREE@/left$((i % 10))/f$i|"
	done
} | replay_file all.replay
check_runs() { # NAME COMMAND...
	local name=$1
	shift
	chmod 777 "$place"
	rm -f "$place"/all.*
	status_is "$name: no divergence" 0 "$@" -R all.replay --root "$place" -D --repeat=3 --json "$place/all.json" \
		-S "$place/all.txt"
	cp "$place/all.json" "$place/all.txt" .
	equal "$name: built again twice" "$(grep -c '^init t1 again: 1[0-9]* entries kept, [0-9]* removed, [0-9]* made' \
		<<< "${output-}")" 2
	equal "$name: what was left alone is kept" \
		"$(sed -n 's/^init t1 again: \([0-9]*\) .*/\1/p' <<< "${output-}" | sort -un | awk '$1 >= 110')" \
		"$(sed -n 's/^init t1 again: \([0-9]*\) .*/\1/p' <<< "${output-}" | sort -un)"
	rm -rf "$place/.ioriot"
}
check_runs "all changes"  "$IORIOT"
equal "all runs are in one file" "$(json 'len(j["runs"]), j["repeat"], j["complete"],
	[r["operations"] for r in j["runs"]], sorted(j["summary"]["seconds"])' all.json)" \
	"(3, 3, True, [30, 30, 30], ['max', 'median', 'min', 'q1', 'q3'])"
equal "the median is one of the runs" "$(json 'j["summary"]["seconds"]["median"] ==
	sorted(r["seconds"] for r in j["runs"])[1]' all.json)" True
check "text: runs" grep -q "^3 of 3 runs of test 't1' are complete" all.txt
equal "text: each run" "$(grep -c '^Run [123] of 3' all.txt)" 3
equal "every member of the JSON is documented" "$(json '" ".join(k for k in list(j) + list(j["summary"]) +
	list(j["runs"][0]["replay"]) + list(j["summary"]["seconds"])
	if "`" + k + "`" not in open("'"$SOURCE"'/docs/statistics.md").read())' all.json)" ""
if is_root; then
	check_runs "all changes, as a user" as_user "$IORIOT"
fi

status_is "warm-up runs" 0 "$IORIOT" -R all.replay --root "$place" -D --warmup=2 --repeat=2 --json warm.json
says "warm-up runs: said" "^Warm-up run 2 of 2: Replayed 30 operations"
says "warm-up runs: overview" "^2 of 2 runs"
equal "warm-up runs: not among the runs" "$(json 'len(j["runs"]), j["warmup_runs"]' warm.json)" "(2, 2)"
status_is "a warm-up run alone" 0 "$IORIOT" -R all.replay --root "$place" -D --warmup=1 --json warm.json
equal "a warm-up run alone: one run" "$(json 'j["operations"], "runs" in j' warm.json)" "(30, False)"

sed 's/|-ENOENT|access/|0|access/' all.replay > diverge.replay
status_is "divergences in each run" 3 "$IORIOT" -R diverge.replay --root "$place" -D --repeat=2 --json two.json
equal "divergences in each run: counted" "$(json '[r["divergences"] for r in j["runs"]]' two.json)" "[1, 1]"

# Ctrl-C in a run: those before it are there, and no more come.
awk 'BEGIN {
	print "0+9|0|0|-|@TREE@/made|0755|0|mkdir"
	print "60000000000+9|0|0|-|@TREE@/made|0|rmdir"
}' | replay_file slow.replay
rm -rf "$place/.ioriot"
took=$("$TESTS/e2e/interrupt.py" exists "$tree/made" "$IORIOT" -R slow.replay --root "$place" -D -s 1 \
	--repeat=3 --json slow.json 2>&1 | tail -1)
check "Ctrl-C: ends all runs ($took)" grep -Eq '^0\.[0-9]+ s, status 1$' <<< "$took"
equal "Ctrl-C: statistics" "$(json 'j["complete"], len(j["runs"]), j["runs"][0]["operations"]' slow.json)" \
	"(False, 1, 1)"

for bad in 0 x -1 10001; do
	fails "--repeat=$bad" 2 "--repeat needs a number from 1 to 10000" \
		"$IORIOT" -R all.replay --root "$place" "--repeat=$bad"
done
fails "--repeat needs init" 2 "--repeat means nothing" "$IORIOT" -r all.replay --root "$place" --repeat=2
fails "warm-up runs need init" 2 "a run to warm up changes the tree: --warmup=2 needs -R" \
	"$IORIOT" -r all.replay --root "$place" --warmup=2
done_testing
