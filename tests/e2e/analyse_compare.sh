#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# ioriot -a with two files: what it says of two captures is what a second implementation finds, and what it says of a
# capture and its replay is what the statistics have.
# shellcheck source=../replay_lib.sh
. "$TESTS/replay_lib.sh"

mkdir work
output=
for n in 1 2; do
	check "record $n" "$IORIOT" --quiet -c "$n.capture" -- sh -c "cd work; for i in 1 2 3; do ls -l /usr/lib > x; sort x > y; done
		test $n = 1 || head -c 9 y > z; rm -f *"
	check "csv $n" "$IORIOT" --quiet -a "$n.capture" --export "csv:$n.csv"
done
for column in op file error family; do
	check "by $column" sh -c '"$0" --quiet -a 1.capture 2.capture --by "$1" --top 0 > "$1.table"' "$IORIOT" "$column"
	check "by $column: a second implementation" "$TESTS/analyse/contrast.py" 1.csv 2.csv "$column.table" "$column"
done
for sort in time count bytes errors p99; do
	check "by op, --sort $sort" sh -c '"$0" --quiet -a 1.capture 2.capture --by op --top 0 --sort "$1" > "$1.sorted"' "$IORIOT" "$sort"
	check "by op, --sort $sort: the order, by a second implementation" python3 - "$TESTS/analyse" "$sort" <<'E1'
import csv, sys
sys.path.insert(0, sys.argv[1])
import second
sort = sys.argv[2]
sides = []
for n in "12":
	with open(n + ".csv", newline="", encoding="utf-8", errors="surrogateescape") as f:
		rows = list(csv.DictReader(f))
	sides.append({op: [r for r in rows if r["op"] == op] for op in {r["op"] for r in rows}})
with open(sort + ".sorted") as f: # the rows of the last table
	ops = [line.split()[-1] for line in f.read().split("\n\n")[1].splitlines()[1:] if not line.startswith("  of these")]
have = [sum(second.SORTS[sort](s[op]) for s in sides if op in s) for op in ops]
assert set(ops) == set(sides[0]) | set(sides[1]) and len(ops) > 10, ops
wrong = [(a, b) for a, b in zip(have, have[1:]) if b > a * (33 / 32 if sort == "p99" else 1)]
assert not wrong, (wrong, have)
E1
done
check "what only one has" grep -Eq "^ +0 +[0-9]+ +- .*  only in the second  .*/work/z$" file.table
check "limited" "$IORIOT" --quiet -c limited.capture -E read -- true
status_is "limited: compared" 0 "$IORIOT" --quiet -a 1.capture limited.capture
says "limited: said of which" '^  second: recorded were only calls named by read,'
equal "limited: not of the other" "$(grep -c '^  first:' <<< "$output")" 0

status_is "itself" 0 "$IORIOT" --quiet -a 1.capture 1.capture
equal "itself: no verdict" "$(grep -cE ' (slower|faster|only in the (first|second)) ' <<< "$output")" 0
says "itself: calls" "^ +$(($(wc -l < 1.csv) - 1)) +$(($(wc -l < 1.csv) - 1)) +\+0.0 %  calls$|calls$"

# each stat takes a thousand times as long, more than what other load does to any, and nothing else
python3 - <<'E1'
import re
with open("1.capture", "rb") as f, open("slow.capture", "wb") as out:
	for line in f:
		if b"o=statx;" in line or b"o=newfstatat;" in line:
			line = re.sub(rb"D=(\d+)", lambda m: b"D=%d" % (1000 * int(m[1])), line)
		out.write(line)
E1
status_is "slower" 0 "$IORIOT" --quiet -a 1.capture slow.capture
says "slower: by how much" " 1000\.000  [0-9.]+ to [0-9.]+ +slower +(statx|newfstatat)$"
equal "slower: nothing else" "$(grep -E ' (slower|faster) ' <<< "$output" | grep -vcE '(statx|newfstatat)$|/')" 0
status_is "filtered" 0 "$IORIOT" --quiet -a 1.capture slow.capture -F 'op==read' --by op
equal "filtered: one operation" "$(sed -n '/^  calls 1/,$p' <<< "$output" | wc -l)" 3

head -n 300 1.capture > cut.capture
status_is "cut" 3 "$IORIOT" --quiet -a 1.capture cut.capture
says "cut: said" "^ioriot: cut.capture: it was cut short"
sed '100i t=5;:,D=0;:,i=0:0;:,o=lost;:,c=17;:,p=buffer;:,' 1.capture > lost.capture
status_is "lost" 3 "$IORIOT" --quiet -a lost.capture 2.capture
says "lost: in the table" "^ +17 +0 +-100.0 %  records lost"
fails "three files" 2 "compares two files, not 3" "$IORIOT" -a 1.capture 2.capture 1.capture
fails "a histogram of two" 2 "with two files" "$IORIOT" -a 1.capture 2.capture --hist latency
fails "a filter that is wrong" 2 "-F: " "$IORIOT" -a 1.capture 2.capture -F 'x=='
fails "no second file" 1 "none.capture" "$IORIOT" -a 1.capture none.capture

# statistics CAPTURED REPLAYED...: of as many runs, reads with such medians
statistics() {
	python3 - "$@" <<'E1'
import json, sys
runs = []
def ns(p50): return {"count": 10, "sum": 10 * p50, "min": 1, "p50": p50, "p90": p50, "p99": 2 * p50, "p999": 2 * p50, "max": 2 * p50}
for p50 in map(int, sys.argv[2:]):
	runs.append({"schema": 1, "complete": True, "divergences": 0, "replay": {"id": "a1", "operations": 10, "hash": "1f"},
		"operations": 10, "errors": 0, "seconds": 0.5, "thread_seconds": {"calls": 0.25, "calls_captured": 0.125,
		"ordering": 0.0625, "pacing": 0}, "by_operation": [{"name": "read", "count": 10, "errors": 0, "wait_ns": 77,
		"captured_ns": ns(int(sys.argv[1])), "replayed_ns": ns(p50)}]})
json.dump({"schema": 1, "runs": runs}, open("s.json", "w"))
E1
}
replayed() { # NAME VERDICT STATISTICS...
	local name=$1 verdict=$2
	shift 2
	statistics "$@"
	status_is "replay: $name" 0 "$IORIOT" --quiet -a 1.capture s.json
	says "replay: $name: verdict" " $verdict +read$"
}
calls_of() { # OP
	awk -F , -v op="$1" 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == "op") at = i }
		NR > 1 && $at == op' 1.csv | wc -l
}
reads=$(calls_of read)
replayed "slower" slower 1000 1500 1550 1600 1500 1400 1500
says "replay: the row" "^ +$reads +10 +10.0 us +15.0 us +1.00 us +1.50 us +2.00 us +3.00 us +77 ns +1.500  1.400 to 1.600  slower +read$"
says "replay: time in calls" "^ +125 ms +250 ms +\+100.0 %  time in the calls"
says "replay: ordering" "^ +0 ns +62.5 ms +-  waiting for operations of others"
says "replay: what is not in it" "^ +[0-9]+ +0 .* not replayed +execve$"
replayed "faster" faster 1000 900 910 920 900 890 900
replayed "within what a quantile may be off" "no difference found" 1000 1020 1020 1020 1010 1020 1020
replayed "once as fast" "no difference found" 1000 1500 1550 1600 1500 1000 1500
replayed "few" "too few runs to say" 1000 1500 1550 1600 1500 1400
replayed "a call that does not return" "not captured" 0 10 20 30 40 50 60
fails "replay: first" 2 "s.json is no capture" "$IORIOT" -a s.json 1.capture
fails "replay: words" 2 "mean nothing to the statistics" "$IORIOT" -a 1.capture s.json -E read
fails "replay: a filter" 2 "mean nothing to the statistics" "$IORIOT" -a 1.capture s.json -F read
for hostile in '{}' '{"schema": 1, "runs": [7]}' '{"schema": 1, "complete": true, "divergences": "x", "replay": {"id": "a1", "hash": "1f"}}'; do
	echo "$hostile" > hostile.json
	fails "hostile: $hostile" 1 "hostile.json: no statistics" "$IORIOT" -a 1.capture hostile.json
done
statistics 1000 2000
sed -i 's/"p50": 1000/"p50": -1e300/; s/"sum": 20000/"sum": "x"/; s/"count": 10/"count": 1e400/' s.json
status_is "hostile: odd numbers" 1 "$IORIOT" -a 1.capture s.json
sed -i 's/1e400/1e17/; s/"ordering": 0.0625/"ordering": 1e17/' s.json
status_is "hostile: large numbers" 0 "$IORIOT" --quiet -a 1.capture s.json

# A file that a replay wrote.
check "generate" "$IORIOT" --quiet -c 1.capture -r real.replay -n compare --root "$place" -u "$(id -un)"
check "replay" "$IORIOT" -R real.replay --root "$place" -D --repeat 2 --quiet -u "$(id -un)" --by=file --json real.json
status_is "with its replay" 0 "$IORIOT" --quiet -a 1.capture real.json
says "with its replay: runs" "^first: 1.capture as captured, second: its replay, real.json, 2 runs$"
count=$(json '[o["count"] for o in j["runs"][0]["by_operation"] if o["name"] == "openat"][0]' real.json)
says "with its replay: openat" "^ +$(calls_of openat) +$count .* openat$"
status_is "against its replay: so many rows" 0 "$IORIOT" --quiet -a 1.capture real.json --top 3
equal "against its replay: so many rows" "$(sed -n "/^  calls 1/,/^$/p" <<< "$output" | grep -cE "^ +[0-9]")" 6
says "against its replay: the rest is counted" "^  and [0-9]+ more operations$"
status_is "its statistics alone" 0 "$IORIOT" -a real.json --top 3
says "its statistics alone: runs" "^real.json: statistics of a replay, 2 runs$"
equal "its statistics alone: the same operations" "$("$IORIOT" -a real.json --by op | sed -n 's/^ *[0-9]* .*  //p')" \
	"$("$IORIOT" -a 1.capture real.json --by op | grep -v 'not replayed' | sed -n 's/^ *[0-9]*  *[0-9]* .*  //p')"
equal "its statistics alone: files" "$("$IORIOT" -a real.json --by file --top 0 | sed '1,/^$/d' | tail -n +2 | wc -l)" "$(json 'len([f for f in j["runs"][0]["by_file"] if f["name"]])' real.json)"
for order in count:count 'errors:errors' p99:replayed_ns.p99; do
	"$IORIOT" -a real.json --by op --sort "${order%%:*}" > sorted.table
	check "its statistics alone: by ${order%%:*}" python3 - sorted.table "${order#*:}" <<'E1'
import json, sys
runs = [{o["name"]: o for o in r["by_operation"]} for r in json.load(open("real.json"))["runs"]]
def value(run, op):
	v = run[op]
	for key in sys.argv[2].split("."):
		v = v[key]
	return v
lines = open(sys.argv[1]).read().split("\n\n")[1].splitlines()[1:]
have = [sum(value(r, line.split()[-1]) for r in runs) for line in lines]
assert len(have) > 5 and have == sorted(have, reverse=True), have
E1
done
for of in 'by dir' 'hist latency' 'html x.html' 'export csv:x'; do
	# shellcheck disable=SC2086 # words
	fails "its statistics alone: $of" 2 "real.json" "$IORIOT" -a real.json --$of
done
fails "its statistics alone: a filter" 2 "real.json" "$IORIOT" -a real.json -F read
sed 's/"name": "[^"]*\/y"/"name": "\\u001b]0;x\\u0007"/' real.json > odd.json
status_is "names that speak to the terminal" 0 "$IORIOT" -a odd.json --top 0
equal "names that speak to the terminal: are shown" "$(grep -c '[[:cntrl:]]' <<< "$output") $(grep -c 'x1b]0' <<< "$output")" "0 1"
done_testing
