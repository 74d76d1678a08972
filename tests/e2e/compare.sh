#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# --compare: what differs is told with its interval, what does not as such, and what cannot be compared not
# at all.
# shellcheck source=../replay_lib.sh
. "$TESTS/replay_lib.sh"

# statistics FILE RATE...: a file of --repeat with runs of these operations per second.
statistics() {
	python3 - "$@" << 'E1'
import json, sys
runs = []
for i, rate in enumerate(map(float, sys.argv[2:])):
    mean = 1e6 / rate
    runs.append({"schema": 1, "complete": True, "ended_by_limit": False, "divergences": 0,
        "settings": {"processes": 4, "order": "resource"}, "replay": {"id": "a1", "operations": 1000, "hash": "1f"},
        "operations_per_second": rate, "seconds": 1000 / rate, "wait_seconds": 0.0,
        "by_operation": [{"name": "read", "replayed_ns": {"count": 100, "sum": int(1e5 * mean), "p50": 900,
            "p99": 1000 + i % 2}}]})
json.dump({"schema": 1, "runs": runs}, open(sys.argv[1], "w"))
E1
}
edit() { # FROM TO EXPRESSION of python on j
	python3 -c 'import json, sys; j = json.load(open(sys.argv[1])); exec(sys.argv[3])
json.dump(j, open(sys.argv[2], "w"))' "$@"
}
statistics a.json 1000 1010 990 1005 995
statistics same.json 1002 1008 992 1003 996
statistics fast.json 1200 1210 1190 1205 1195
statistics few.json 1200 1210 1190

status_is "no difference" 0 "$IORIOT" --compare a.json same.json --json same.out
says "no difference: said" "^No difference found in operations per second; one of more than 1.3 % is ruled out \\(96.8 % confidence\\)"
equal "no difference: the verdict" "$(json 'j["comparisons"][0]["verdict"]' same.out)" "no difference found"
says "no difference: by operation" "^	read +p50, us +0.9 +0.9 +1.0000 +1.0000 to 1.0000 +no difference found"
status_is "a difference" 0 "$IORIOT" --compare a.json fast.json same.json --json fast.out
says "a difference: said" "^fast.json makes 20.0 % more operations per second \(96.8 % confidence: 18.4 to 21.6 %\)"
equal "a difference: the interval" "$(json '[(q["verdict"], round(q["ratio"], 3), q["low"] < 1.2 < q["high"],
	round(q["confidence"], 4)) for q in j["comparisons"][0]["quantities"]][0]' fast.out)" \
	"('more', 1.2, True, 0.9683)"
equal "a difference: seconds and latency are less" "$(json '[(q["quantity"], q["operation"], q["verdict"])
	for q in j["comparisons"][0]["quantities"]][1:3]' fast.out)" \
	"[('seconds', None, 'less'), ('mean_ns', 'read', 'less')]"
equal "three files: two comparisons" "$(json '[(c["a"], c["b"], c["verdict"]) for c in j["comparisons"]]' fast.out)" \
	"[('a.json', 'fast.json', 'more'), ('a.json', 'same.json', 'no difference found')]"
equal "every member of the JSON is documented" "$(json '" ".join(k for k in list(j) + list(j["comparisons"][0]) +
	list(j["comparisons"][0]["quantities"][0])
	if "`" + k + "`" not in open("'"$SOURCE"'/docs/statistics.md").read())' fast.out)" ""
status_is "3 and 5 runs" 0 "$IORIOT" --compare a.json few.json --json few.out
equal "3 and 5 runs: enough" "$(json 'j["comparisons"][0]["verdict"]' few.out)" more
edit few.json two.json 'del j["runs"][1:]'
status_is "one run" 0 "$IORIOT" --compare a.json two.json
says "one run: said" "^5 and 1 runs are too few to tell a difference from chance"

edit a.json cut.json 'j["runs"][0]["complete"] = False; j["runs"][1]["divergences"] = 7
for r in j["runs"]: r["settings"]["processes"] = 2'
status_is "what is odd" 0 "$IORIOT" --compare a.json cut.json
says "what is odd: incomplete" "^cut.json: 1 runs are incomplete and left out"
says "what is odd: divergences" "^cut.json: up to 7 divergences"
says "what is odd: settings" "^Settings differ: processes is 4 and 2"
edit a.json limited.json 'j["runs"][0]["ended_by_limit"] = True'
status_is "a limit of time" 0 "$IORIOT" --compare a.json limited.json --json limited.out
equal "a limit of time: no seconds" \
	"$(json '[q["quantity"] for q in j["comparisons"][0]["quantities"]][:2]' limited.out)" \
	"['operations_per_second', 'mean_ns']"

edit a.json other.json 'for r in j["runs"]: r["replay"]["id"] = "a2"'
fails "another replay" 1 "a.json and other.json are of different replays and cannot be compared" \
	"$IORIOT" --compare a.json other.json
edit a.json edited.json 'for r in j["runs"]: r["replay"].update(hash="2f", operations=7)'
fails "other operations" 1 "of different operations \(1000 and 7\) of one replay" \
	"$IORIOT" --compare a.json edited.json
edit a.json mixed.json 'j["runs"][3]["replay"]["hash"] = "2f"'
fails "mixed runs" 1 "mixed.json: .*its runs are of different replays" "$IORIOT" --compare a.json mixed.json
edit a.json broken.json 'for r in j["runs"]: r["complete"] = False'
fails "no complete run" 1 "none of its runs is complete" "$IORIOT" --compare broken.json a.json
echo '{"schema": 1}' > none.json
fails "not of a replay" 1 "none.json: .*does not say of which replay" "$IORIOT" --compare a.json none.json
echo '{"schema": 2}' > schema.json
fails "another schema" 1 "is not 1" "$IORIOT" --compare a.json schema.json
echo '[1' > cut_short.json
fails "cut short" 1 "cut_short.json:2: " "$IORIOT" --compare a.json cut_short.json
for hostile in '[]' '{"schema": 1, "runs": 7}' '{"schema": 1, "runs": [7]}' '{"schema": 1, "runs": [{"replay": {"id": 1}}]}' \
	'{"schema": 1, "complete": true, "divergences": "x", "replay": {"id": "a1", "hash": "1f"}}'; do
	echo "$hostile" > hostile.json
	fails "hostile: $hostile" 1 "hostile.json: no statistics" "$IORIOT" --compare hostile.json a.json
done
edit a.json odd.json 'for r in j["runs"]:
	r["by_operation"] = [7, {"name": 1}, {"name": "read", "replayed_ns": {"sum": 1, "count": 0, "p50": -1}}]
	r["settings"] = []'
status_is "hostile: odd numbers" 0 "$IORIOT" --compare a.json odd.json
fails "no such file" 1 "missing.json: No such file" "$IORIOT" --compare a.json missing.json
fails "one file" 2 "needs two files or more" "$IORIOT" --compare a.json
fails "no place for the result" 1 "/none/" "$IORIOT" --compare a.json same.json --json /none/x
fails "other options" 2 "means nothing to this command" "$IORIOT" --compare a.json same.json -D

# With files that a replay wrote.
replay_file real.replay << 'E1'
0+9|0|0|-|@TREE@/a|04|0|access
1+9|0|0|-|@TREE@/b|04|-ENOENT|access
INIT
file|0644|0|0|10|0+10|@TREE@/a|
E1
for side in 1 2; do
	"$IORIOT" -R real.replay --root "$place" -D --repeat=4 --quiet --json "real$side.json"
done
status_is "real files" 0 "$IORIOT" --compare real1.json real2.json
says "real files: compared" "^	access +mean, us"
init real.replay
"$IORIOT" -r real.replay --root "$place" -D --limit=1ops --quiet --json part.json
fails "a part of it is another replay" 1 "of different operations \(2 and 1\) of one replay" \
	"$IORIOT" --compare real1.json part.json
done_testing
