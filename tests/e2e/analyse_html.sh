#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# time-limit: 600
# The HTML report: its numbers are those of the calls, names are never markup, its size is bounded, and a browser shows
# all of it.
# shellcheck source=../lib.sh
. "$TESTS/lib.sh"

names=('</script><img src=x onerror=pwned=1>' '"><b onclick=pwned=1>' "]]><script>pwned=1" '<!--<svg onload=pwned=1>' '&lt;i&gt;')
cat > program.py <<'E1'
import os, sys
for i, name in enumerate(sys.argv[1:]):
	os.mkdir(f"d{i}")
	os.makedirs(f"d{i}/" + os.path.dirname(name), exist_ok=True)
	fd = os.open(f"d{i}/" + name, os.O_RDWR | os.O_CREAT, 0o600)
	for k in range(30):
		os.write(fd, b"x" * 50 * k)
	os.pread(fd, 1000, 0)
	os.close(fd)
for name in b"\xff\xfe", b"line\nfeed", "turned \u202e round".encode(), b"back\\slash", b"\x01":
	os.close(os.open(name, os.O_CREAT | os.O_WRONLY))
for i in range(200):
	try:
		os.stat(f"missing {i % 3}")
	except FileNotFoundError:
		pass
E1
mkdir work
for n in 1 2; do
	check "record $n" sh -c 'cd work && rm -rf ./* && n=$1 && shift && exec "$IORIOT" --quiet -c "../$n.capture" -- python3 ../program.py "$@"' \
		sh "$n" "${names[@]}"
done
sed '100i t=5;:,D=0;:,i=0:0;:,o=lost;:,c=17;:,p=buffer;:,' 1.capture > lost.capture
check "csv" "$IORIOT" --quiet -a 2.capture --export csv:2.csv
status_is "csv with loss" 3 "$IORIOT" --quiet -a lost.capture --export csv:lost.csv
status_is "report" 3 "$IORIOT" --quiet -a lost.capture --html one.html
equal "report: nothing else is printed" "$(grep -v '^ioriot: ' <<< "$output")" ""
status_is "report of two" 3 "$IORIOT" --quiet -a lost.capture 2.capture --html two.html
says "report of two: the tables, too" "no difference found"
mkdir place
is_root && chown 65534 place
check "a replay: generated" "$IORIOT" --quiet -c 2.capture -r 2.replay -n html --root place
check "a replay: made" "$IORIOT" --quiet -R 2.replay --root place -D --by=file --json replay.json
status_is "report of a capture and its replay" 0 "$IORIOT" -a 2.capture replay.json --html replay.html
says "report of a capture and its replay: the tables, too" "too few runs to say"
check "report of a capture and its replay: numbers" python3 - replay.html replay.json <<-'E2'
	import json, re, sys
	page = json.loads(re.search(r'id="data">(.*?)</script>', open(sys.argv[1]).read(), re.S).group(1))
	replay, stats = page["replay"], json.load(open(sys.argv[2]))
	run = stats["runs"][0] if "runs" in stats else stats
	replayed = {o["op"]: o for o in replay["operations"] if o.get("verdict")}
	for was in run["by_operation"]:
	    op = was["name"]
	    if was["count"]:
	        assert replayed[op]["count"] == was["count"], (op, replayed[op], was)
	        assert replayed[op]["p50"] == [was["captured_ns"]["p50"], was["replayed_ns"]["p50"]], (op, replayed[op], was)
	assert len(page["sides"]) == 1 and replay["runs"] == 1 and len(replayed) > 3, replay
	totals = {t["name"]: t["b"] for t in replay["totals"]}
	assert totals["calls"] == run["operations"], (totals, run["operations"])
E2
check "its numbers" "$TESTS/analyse/html_data.py" one.html lost.csv
check "its numbers, of two" "$TESTS/analyse/html_data.py" two.html lost.csv 2.csv
check "with a table" sh -c '"$0" --quiet -a 2.capture --by op --html both.html > table' "$IORIOT"
check "with a table: which is printed" grep -q "op$" table
check "with a filter" "$IORIOT" --quiet -a 2.capture -F 'op==write && pid>0' --html filter.html
check "with a filter: numbers" sh -c '"$0" --quiet -a 2.capture -F "op==write && pid>0" --export csv:filter.csv &&
	"$1/analyse/html_data.py" filter.html filter.csv' "$IORIOT" "$TESTS"
check "a limited recording" "$IORIOT" --quiet -c limited.capture -E FS -F 'ret>=0 && op!=close' -- true
check "a limited recording: report" "$IORIOT" --quiet -a limited.capture --html limited.html
check "a limited recording: is told" grep -qF '"only":"FS","filter":"ret\u003e=0 \u0026\u0026 op!=close"' limited.html
check "nothing at all" "$IORIOT" --quiet -a 2.capture -F 'op==sync' --html empty.html

# many files, processes and hours: as large as few
awk 'BEGIN { print "#|capture_version=5|start_mono=1000|backend=ptrace|cmd=x|"
	for (i = 1; i <= 120000; i++)
		printf "t=%.0f;:,D=%d;:,i=%d:%d;:,o=unlink;:,p=/%s/%d/%d;:,s=%d;:,\n", i * 1e9, 100 + i * 7919 % 1000000, 1 + i % 5000,
			1 + i % 5000, "a-directory-with-a-long-name", i % 3000, i % 60000, i % 3 ? 0 : -2
	print "t=200000000000000;:,D=0;:,i=0:0;:,o=end;:,c=120000;:,O=0;:," }' > large.capture
check "large" "$IORIOT" --quiet -a large.capture --html large.html
size=$(wc -c < large.html)
check "large: bounded" test "$size" -lt 5000000

fails "no place for it" 1 "none/x.html" "$IORIOT" -a 2.capture --html none/x.html
fails "full disk" 1 "No space left" "$IORIOT" -a 2.capture --html /dev/full
fails "fields" 2 "no column" "$IORIOT" -a 2.capture --html x.html --fields nothing
absent "nothing is left behind" x.html
python3 "$TESTS/analyse/html_browser.py" one.html two.html replay.html large.html "${names[@]}" 'line\x0afeed' 'turned \u202e round' '\xff\xfe' '/\x01' 2>&1 |
	tee browser.out
check "the browser came to its end" grep -qE '^(ok hours: no complaint|skip )' browser.out
grep -q '^not ok' browser.out && failed=1
done_testing
