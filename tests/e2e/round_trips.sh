#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What is exported and imported again is the same capture, or has the same reads and writes where the format has no more.
# shellcheck source=../replay_lib.sh
. "$TESTS/replay_lib.sh"

# --- records: all of a capture as JSON lines
cat > program.py <<'E1'
import os, sys
os.mkdir("d\n;:,|\\\x01")
os.chdir("d\n;:,|\\\x01")
fd = os.open(b"n\xff\xc3\xa4\"", os.O_RDWR | os.O_CREAT, 0o644)
os.pwrite(fd, b"x" * 100, 2**40)
os.writev(fd, [b"a", b"bc"])
os.utime(fd, ns=(2**60, 5))
os.symlink("\"}\n{", "l")
if os.fork() == 0:
	os.rename("l", "m")
	os._exit(0)
os.wait()
E1
mkdir work
check "record" sh -c 'cd work && exec "$0" --quiet -c ../own.capture -- python3 -I ../program.py \; "|" "\\"' "$IORIOT"
status_is "records: exported" 0 "$IORIOT" -a own.capture --export records:own.json
status_is "records: imported" 0 "$IORIOT" --import records:own.json -c back.capture
says "records: how many" "^back.capture: $(($(wc -l < own.capture) - 1)) records$"
check "records: the capture again" python3 - <<'E1'
import re
def fields(line): # a byte above 0x7f may stand escaped
	return re.sub(rb"\\x([89a-f][0-9a-f])", lambda m: bytes([int(m[1], 16)]), line)
with open("own.capture", "rb") as a, open("back.capture", "rb") as b:
	for x, y in zip(a, b, strict=True):
		assert fields(x) == fields(y), (x, y)
E1
check "records: valid" python3 "$TESTS/capture_check.py" back.capture
check "records: JSON, with the values of the capture" python3 - <<'E1'
import json
lines = [json.loads(line) for line in open("own.json")]
assert lines[0]["capture_version"] == 5 and lines[-1]["o"] == "end", (lines[0], lines[-1])
write = [r for r in lines if r.get("o") == "pwrite64"][0]
assert (write["c"], write["O"], write["s"]) == (100, 2**40, 100), write
assert all(isinstance(v, str) or abs(v) <= 2**53 for r in lines for v in r.values())
E1
"$IORIOT" --quiet -a own.capture --export csv:own.csv
"$IORIOT" --quiet -a back.capture --export csv:back.csv
check "records: analysed, the same" cmp own.csv back.csv
status_is "records: compressed, both ways" 0 sh -c '"$0" -a own.capture --export records:own.json.zst && zstd -dcq own.json.zst | cmp - own.json &&
	"$0" --quiet --import records:own.json.zst -c back2.capture.zst && zstd -dcq back2.capture.zst | cmp - back.capture' "$IORIOT"
status_is "records: from a pipe" 0 sh -c '"$0" --quiet -a - --export records:/dev/stdout < own.capture | "$0" --quiet --import records:- -c pipe.capture &&
	cmp pipe.capture back.capture' "$IORIOT"
status_is "records: generated" 0 "$IORIOT" -c back.capture -r back.replay -n back --root "$place" -u "$(id -un)"
status_is "records: replayed" 0 "$IORIOT" -R back.replay --root "$place" -D -u "$(id -un)"
says "records: without divergence" "^0 divergences"

# Of any length: nothing is read behind a line.
python3 - <<'E1'
import json
with open("lengths.json", "w") as out:
	print(json.dumps({"capture_version": 5, "arch": "x86_64"}), file=out)
	for n in range(1, 1100):
		print(json.dumps({"t": n, "D": 0, "i": "1:1", "o": "chdir", "p": "n" * n, "s": 7}), file=out)
E1
status_is "records: of all lengths" 0 "$IORIOT" --import records:lengths.json -c lengths.capture
says "records: of all lengths, as many" "^lengths.capture: 1099 records"

# Another program may sort the keys and leave records out.
python3 - <<'E1'
import json
with open("sorted.json", "w") as out:
	for line in open("own.json"):
		r = json.loads(line)
		if r.get("o") != "pwrite64":
			print(json.dumps(r, sort_keys=True), file=out)
E1
status_is "records: edited" 0 "$IORIOT" --import records:sorted.json -c sorted.capture
check "records: edited: valid" python3 "$TESTS/capture_check.py" sorted.capture
"$IORIOT" --quiet -a sorted.capture --export csv:sorted.csv
"$IORIOT" --quiet -a own.capture -F 'op!=pwrite64' --export csv:left.csv
check "records: edited: what is left" python3 - <<'E1'
import csv
def rows(name):
	with open(name, newline="", encoding="utf-8", errors="surrogateescape") as f:
		return [{k: v for k, v in r.items() if k not in ("seq", "line", "gap", "offset")} for r in csv.DictReader(f)]
a, b = rows("sorted.csv"), rows("left.csv")
assert a == b and len(a) > 100, [(x, y) for x, y in zip(a, b) if x != y][:1]
E1

sed '5i t=5;:,D=0;:,i=0:0;:,o=lost;:,c=17;:,p=buffer;:,' own.capture > lost.capture
status_is "records: loss" 3 "$IORIOT" -a lost.capture --export records:lost.json
says "records: loss: said" "lost.capture: 17 records were lost"
equal "records: loss: in it" "$(grep -c '"o":"lost","c":17' lost.json)" 1
head -n 20 own.capture > cut.capture
status_is "records: cut" 3 "$IORIOT" -a cut.capture --export records:cut.json
status_is "records: cut: imported" 0 "$IORIOT" --import records:cut.json -c cut2.capture
status_is "records: cut: is still" 3 "$IORIOT" -a cut2.capture
sed '0,/;:,s=/s/;:,s=/;:,s=x/' own.capture > bad.capture
status_is "records: malformed" 3 "$IORIOT" -a bad.capture --export records:bad.json
equal "records: malformed: left out" "$(wc -l < bad.json)" $(($(wc -l < own.capture) - 1))
fails "records: an older capture" 1 "of version [34]: records are exported of version 5" \
	"$IORIOT" -a "$(find "$TESTS/corpus" -name '*.capture' ! -name '*damaged*' -path '*v[34]*' | sort | head -n 1)" --export records:x
fails "records: with a filter" 2 "the whole capture" "$IORIOT" -a own.capture -F read --export records:x
fails "records: full disk" 1 "No space left" "$IORIOT" -a own.capture --export records:/dev/full
hostile() { # SENTENCE LINE: as the second one
	{ head -n 1 own.json; printf '%s\n' "$2"; } > hostile.json
	fails "records: hostile: $2" 1 "hostile.json:2: $1" "$IORIOT" --import records:hostile.json -c x.capture
}
record='"t":1,"D":0,"i":"1:1","o"'
hostile "" 'x'
hostile "no object" '[]'
hostile "a record needs" '{}'
hostile "a record needs" '{"t":1,"D":0,"i":"1:1"}'
hostile "values are" "{$record:null}"
hostile "values are" "{$record:\"close\",\"d\":{}}"
hostile "values are" "{$record:\"close\",\"d\":1.5}"
hostile "a text has" "{$record:\"unlink\",\"p\":\"a;b\",\"s\":0}"
hostile "a text has" "{$record:\"unlink\",\"p\":\"a\\nt=1\",\"s\":0}"
hostile "a key" "{$record:\"unlink\",\"p;:,s\":\"a\",\"s\":0}"
hostile "a key" "{$record:\"unlink\",\"\":\"a\",\"s\":0}"
hostile "" "{$record:\"unlink\",\"p\":\"a\\\\\",\"s\":0}"
hostile "" "{$record:\"close\",\"s\":0}"
hostile "" "{$record:\"close\",\"d\":3,\"d\":4,\"s\":0}"
hostile "" "{\"t\":-1,\"D\":0,\"i\":\"1:1\",\"o\":\"close\",\"d\":3,\"s\":0}"
tail -n +2 own.json > headless.json
fails "records: no header" 1 "headless.json:1: no header" "$IORIOT" --import records:headless.json -c x.capture
fails "records: empty" 1 "empty" "$IORIOT" --import records:/dev/null -c x.capture
absent "nothing is left behind" x.capture

# --- fio: the reads and writes of a job
mkdir job
check "fio: a job" sh -c 'cd job && fio --name=j --rw=randrw --bs=4k --size=256k --fsync=8 --fallocate=none --nrfiles=2 --ioengine=psync \
	--write_iolog=../job.fio --output-format=json --output=../job.json'
status_is "fio: imported" 0 sh -c 'cd job && exec "$0" --import fio:../job.fio -c ../job.capture' "$IORIOT"
check "fio: valid" python3 "$TESTS/capture_check.py" job.capture
"$IORIOT" --quiet -a job.capture --export csv:job.csv
check "fio: what is in the log" python3 - "$PWD/job" <<'E1'
import csv, sys
verbs = {"pread64": "read", "pwrite64": "write", "fsync": "sync"}
log = [line.split() for line in open("job.fio")][1:]
want = [(int(t) * 1000, f"{sys.argv[1]}/{name}", verb, *map(int, rest)) for t, name, verb, *rest in log if verb not in ("add", "open", "close")]
origin = want[0][0]
rows = [r for r in csv.DictReader(open("job.csv")) if r["op"] in verbs]
have = [(r["time"], r["file"], verbs[r["op"]], int(r["offset"]), int(r["bytes"])) for r in rows]
assert [h[1:3] for h in have] == [w[1:3] for w in want], (have[:3], want[:3])
assert [h[3:] for h in have if h[2] != "sync"] == [w[3:] for w in want if w[2] != "sync"]
assert [int(h[0]) for h in have] == [w[0] for w in want], (have[:2], want[:2])
assert len(have) > 50, len(have)
E1
status_is "fio: generated" 0 "$IORIOT" -c job.capture -r job.replay -n job --root "$place" -u "$(id -un)"
status_is "fio: replayed" 0 "$IORIOT" -R job.replay --root "$place" -D -u "$(id -un)" --json replayed.json
says "fio: without divergence" "^0 divergences"
equal "fio: as many bytes as fio says" "$(json '"{} {}".format(j["bytes_read"], j["bytes_written"])' replayed.json)" \
	"$(json '"{} {}".format(j["jobs"][0]["read"]["io_bytes"], j["jobs"][0]["write"]["io_bytes"])' job.json)"
status_is "fio: our own export" 0 "$IORIOT" --quiet -a job.capture --export fio:again.fio
status_is "fio: our own export: imported" 0 "$IORIOT" --quiet --import fio:again.fio -c again.capture
"$IORIOT" --quiet -a again.capture --export fio:third.fio
equal "fio: there and back" "$(sed -E 's/[^ ]*(=2b|[+])//' third.fio | sort)" "$(sed -E 's/[^ ]*(=2b|[+])//' again.fio | sort)"
printf '%s\n' 'fio version 2 iolog' '/v2 add' '/v2 open' '/v2 write 0 100' '/v2 wait 5000 0' '/v2 read 0 50' '/v2 trim 0 50' '/v2 datasync 0 0' \
	'/v2 close' > two.fio
status_is "fio: version 2" 0 "$IORIOT" --import fio:two.fio -c two.capture
equal "fio: version 2: calls" "$("$IORIOT" --quiet -a two.capture --export csv:/dev/stdout | cut -d, -f 2,10,14,17,20,21 | tr -d '\r')" \
	"time,op,ret,read,offset,file
0,openat,3,0,-1,/v2
0,pwrite64,100,0,0,/v2
5000000,pread64,50,50,0,/v2
5000000,fallocate,0,0,-1,/v2
5000000,fdatasync,0,0,-1,/v2
5000000,close,0,0,-1,/v2
5000000,exit_group,0,0,-1,"
printf '%s\n' 'fio version 3 iolog' '1 a add' '1 a open' '2 b read 0 5' 'x a read 0 5' '3 a read -1 5' '3 a read 0 99999999999999' '3 a jump 0 5' '4 a' \
	'5 a write 9223372036854775807 5' '6 a sync 0 0' > odd.fio
status_is "fio: lines that are none" 3 "$IORIOT" --import fio:odd.fio -c odd.capture
says "fio: lines that are none: all of them" "^ioriot: odd.fio: 7 calls were lost$"
says "fio: lines that are none: where" " 3  a place that is none, first in line 6$"
equal "fio: lines that are none: in the capture" "$(grep -c ';:,o=lost;:,' odd.capture)" 7
fails "fio: no iolog" 1 "no iolog of fio" "$IORIOT" --import fio:program.py -c x.capture
fails "fio: empty" 1 "no iolog of fio" "$IORIOT" --import fio:/dev/null -c x.capture
fails "fio: standard input" 2 "read more than once" "$IORIOT" --import fio:- -c x.capture
absent "nothing is left behind" x.capture
done_testing
