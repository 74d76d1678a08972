#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What ioriot -a says of captures is what a second implementation finds, and what the program did.
# shellcheck source=../lib.sh
. "$TESTS/lib.sh"

cat > program.py <<'E1'
import ctypes, os, subprocess, threading

def thread(n):
	if n:
		ctypes.CDLL(None).prctl(15, b"worker %d" % n) # PR_SET_NAME
	with open(f"thread{n}", "wb") as f:
		for i in range(50):
			f.write(b"x" * 5000)

os.mkdir("dir")
os.chdir("dir")
threads = [threading.Thread(target=thread, args=(n,)) for n in range(3)]
for t in threads:
	t.start()
for t in threads:
	t.join()
fd = os.open("sequential", os.O_RDWR | os.O_CREAT, 0o600)
for i in range(100):
	os.write(fd, b"y" * 1000)
for i in range(100):
	os.pread(fd, 1000, i * 7919 % 100 * 1000)
other = os.dup(fd)
os.lseek(other, 0, os.SEEK_SET)
while os.read(other, 4096):
	pass
os.close(fd)
for i in range(30):
	try:
		os.stat(f"missing {i};|\\\x01\xff")
	except FileNotFoundError:
		pass
if os.fork() == 0:
	os.chdir("/")
	os.fchdir(os.open("/tmp", os.O_RDONLY))
	os.read(os.open("/etc/hostname", os.O_RDONLY), 100)
	os.execvp("sh", ["sh", "-c", "cat /etc/passwd > /dev/null; ls -l / | wc -l; echo a >&2 2>/dev/null"])
os.wait()
subprocess.run("echo one > one; cat < one; mv one ./../dir/two; ln -s two three; cp three four; tar cf five -T /dev/null; rm *", shell=True)
r, w = os.pipe()
os.write(w, b"12345")
os.read(r, 10)
a = os.open("../dir/../from", os.O_RDWR | os.O_CREAT)
os.write(a, b"z" * 3000)
b = os.open("to", os.O_WRONLY | os.O_CREAT)
os.sendfile(b, a, 0, 2000)
E1
check "record" "$IORIOT" --quiet -c run.capture -- python3 program.py

# analyse NAME ARGUMENT...: standard output goes to NAME.
analyse() {
	local name=$1
	shift
	check "$name" sh -c 'out=$1; shift; exec "$@" > "$out"' sh "$name" "$IORIOT" -a run.capture "$@"
}
tables=()
for column in op comm pid tid file dir error family class device; do
	analyse "by.$column" --by "$column" --top 0
	tables+=("by.$column" "$column")
done
for column in op file dir process family device comm tid error; do
	for sort in time count bytes p99 errors; do
		analyse "$column.$sort" --by "$column" --top 0 --sort "$sort"
		tables+=("$column.$sort" "${column/process/pid}/$sort")
	done
done
for column in latency gap size; do
	analyse "hist.$column" --hist "$column"
	tables+=("hist.$column" "hist:$column")
done
analyse seq --seq --top 0
analyse timeline --timeline 10ms
tables+=(seq seq timeline timeline:10000000)
check "csv" "$IORIOT" -a run.capture --export csv:all.csv
check "a second implementation finds the same" "$TESTS/analyse/second.py" run.capture all.csv "${tables[@]}"
analyse summary
calls=$(($(wc -l < all.csv) - 1))
check "summary: calls" grep -Eq "^  calls $calls, " summary
check "record: a few" sh -c '"$0" -c few.capture -- true 2> few.said' "$IORIOT"
equal "summary: as many records as the recorder said" "$("$IORIOT" --quiet -a few.capture | grep -om 1 '[0-9]* records')" \
	"$(grep -om 1 '[0-9]* records' few.said)"
for by in family class; do # which the summary adds up from the operations
	case $by in family) section=Families ;; class) section=Classes ;; esac
	equal "summary: $section" "$(sed -n "/^$section$/,/^$/p" summary | sed '1d;/^$/d')" \
		"$("$IORIOT" --quiet -a run.capture --by $by --top 0)"
done
check "summary: python" grep -Eq "^  of python3 program.py$" summary

equal "csv on standard output" "$("$IORIOT" --quiet -a run.capture --export csv:- | sha256sum)" "$(sha256sum < all.csv)"
check "stacks on standard output" grep -Eq '^python3;.*;read [0-9]+$' <("$IORIOT" --quiet -a run.capture --export collapsed:-)
sed 's/program\.py/\\x1b[31m\\x07/g' run.capture > speaks.capture
check "csv: names as they are" grep -q $'\e\\[31m\a' <("$IORIOT" --quiet -a speaks.capture --export csv:-)
check "csv on a terminal: no name speaks to it" python3 - "$IORIOT" <<'E1'
import os, pty, sys
said = b""
def read(fd):
	global said
	said += (part := os.read(fd, 65536))
	return part
pid, fd = pty.fork()
if pid == 0:
	os.execv(sys.argv[1], [sys.argv[1], "--quiet", "-a", "speaks.capture", "--export", "csv:-"])
try:
	while read(fd):
		pass
except OSError: # the other end is closed
	pass
assert os.waitpid(pid, 0)[1] == 0
assert b"\x1b" not in said and b"\x07" not in said and b"\\x1b[31m\\x07" in said, said[:2000]
E1
absent "no file of that name" ./-
check "csv, always escaped" "$IORIOT" --quiet -a speaks.capture --export csv:escaped.csv --escape always
check "csv, always escaped: so it is" grep -qF '\x1b[31m\x07' escaped.csv
fails "--escape of what is no CSV" 2 "--escape is of the names of --export csv" "$IORIOT" -a run.capture --by op --escape=always
# on_terminal ARGUMENT...: what is shown there
on_terminal() {
	python3 -c 'import os, pty, sys
os.environ.pop("NO_COLOR", None)
os.environ["TERM"] = "xterm"
os._exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))' "$IORIOT" --quiet -a "$@" < /dev/null
}
bold=$'\e\\[1m'
check "csv on a terminal, never escaped" grep -q $'\e\\[31m' <(on_terminal speaks.capture --export csv:- --escape never)
equal "csv to the device of a terminal: escaped, too" "$(on_terminal speaks.capture --export csv:/dev/stdout | grep -c $'\e\\[31m')" 0
check "colours on a terminal" grep -q "$bold" <(on_terminal run.capture --by op)
equal "no colours on a terminal" "$(on_terminal run.capture --by op --color=never | grep -c "$bold")" 0
equal "no colours in a pipe" "$("$IORIOT" --quiet -a run.capture --by op | grep -c "$bold")" 0
check "colours in a pipe" grep -q "$bold" <("$IORIOT" --quiet -a run.capture --by op --color always)
check "csv: the columns of the document, in its order" diff <(head -n 1 all.csv | tr -d '\r' | tr , '\n') \
	<(sed -n '/^## Columns/,/^## Filters/p' "$SOURCE/docs/analysis.md" | grep -oP '^\| \K`.*?(?= \|| \(also)' |
		grep -oP '`\K[a-z0-9]+' | grep -vx column)

equal "csv: the columns of the manual page" "$(head -n 1 all.csv | tr -d '\r' | tr , '\n' | sort)" \
	"$(sed -n '/^.Sh COLUMNS/,/^.Sh FILTERS/s/^\.It Cm //p' "$SOURCE/docs/man/ioriot-analyse.1" | sed 's/ , Cm /\n/g' | grep -vx path | sort)"

# cell COLUMN KEY FILE: of a table whose columns are apart by two blanks at least
cell() {
	awk -F '  +' -v column="$1" -v key="$2" 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == column) c = i }
		$NF == key { print $c }' "$3"
}
# seq: what the program did, by hand
equal "100 writes in sequence, then as many at random, then in sequence" \
	"$(cell reads "$PWD/dir/sequential" seq) $(cell writes "$PWD/dir/sequential" seq)" "125 100"
equal "a thread's file: pattern" "$(cell pattern "$PWD/dir/thread1" seq)" "sequential write"
equal "a thread's file: bytes" "$(cell written "$PWD/dir/thread1" seq)" "244.1 KiB"
check "random: only preads" "$IORIOT" -a run.capture --seq -F 'op==pread64'
analyse random --seq -F 'op==pread64'
# each level by itself
cat > levels.capture <<'E1'
#|capture_version=5|start_mono=0|
t=1;:,D=0;:,i=7:7;:,o=state_task;:,p=/;:,P=/;:,m=022;:,U=1;:,G=1;:,q=0;:,
t=2;:,D=0;:,i=7:7;:,o=openat;:,d=AT_FDCWD;:,p=/f;:,f=2;:,m=0;:,s=3;:,x=8:1:12:0100644:1:0:0:0:0;:,
t=3;:,D=0;:,i=7:7;:,o=write;:,d=3;:,c=4096;:,s=4096;:,
t=4;:,D=0;:,i=7:7;:,o=write;:,d=3;:,c=4096;:,s=4096;:,
t=5;:,D=0;:,i=7:7;:,o=pread64;:,d=3;:,c=100;:,O=0;:,s=100;:,
t=6;:,D=0;:,i=7:7;:,o=block_queue;:,y=0x801;:,S=2048;:,c=4096;:,F=0x1;:,q=7;:,C=1;:,x=8:1:12:0100644:1:0:0:8192:0;:,
t=7;:,D=0;:,i=7:7;:,o=block_queue;:,y=0x801;:,S=2056;:,c=4096;:,F=0x1;:,q=7;:,C=1;:,x=8:1:12:0100644:1:0:0:8192:0;:,
t=8;:,D=0;:,i=7:7;:,o=block_queue;:,y=0x801;:,S=9000;:,c=512;:,F=0x0;:,q=7;:,C=1;:,x=8:1:99:0100644:1:0:0:8192:0;:,
t=9;:,D=0;:,i=7:7;:,o=ring_complete;:,F=0x17;:,d=3;:,O=0;:,c=4096;:,r=0x1;:,V=0x1;:,s=4096;:,x=8:1:12:0100644:1:0:0:8192:0;:,
t=10;:,D=0;:,i=7:7;:,o=ring_complete;:,F=0x17;:,d=3;:,O=9000;:,c=4096;:,r=0x2;:,V=0x1;:,s=4096;:,x=8:1:12:0100644:1:0:0:8192:0;:,
t=11;:,D=0;:,i=0:0;:,o=end;:,c=10;:,O=0;:,n=0;:,N=0;:,
E1
status_is "seq: levels" 0 "$IORIOT" --quiet -a levels.capture --seq -L all
says "seq: calls" '^ +1 +2 +100 B +8.0 KiB +0.0 % +100.0 % +4.0 KiB  sys +4.0 KiB 66.7 %, 100 B 33.3 % +part sequential mix +/f$'
says "seq: requests of the device" '^ +0 +2 +0 B +8.0 KiB +- +100.0 % +4.0 KiB  block +4.0 KiB 100.0 % +sequential write +/f$'
says "seq: of what no call named" '^ +1 +0 +512 B +0 B +- +- +512 B  block +512 B 100.0 % +one read +inode 99 of 8:1$'
says "seq: requests of a ring" '^ +0 +2 +0 B +8.0 KiB +- +0.0 % +4.0 KiB  uring +4.0 KiB 100.0 % +random write +/f$'
equal "seq: calls alone" "$("$IORIOT" --quiet -a levels.capture --seq | sed -n '2,/^$/p' | grep -c .)" 1
# of 15 ms, to the end of the capture
sed 's/^t=11;/t=15000000;/' levels.capture > rates.capture
status_is "seq: rates" 0 "$IORIOT" --quiet -a rates.capture --seq -L all
says "seq: rates of calls" '^ +67/s +133/s +6.5 KiB/s +533.3 KiB/s +135/s +0.0 % +100.0 % +4.0 KiB 66.7 %, 100 B 33.3 % +sys$'
check "seq: rates of less than ten" grep -Eq '^ +0.67/s +1.3/s .* sys$' \
	<(sed 's/^t=15000000;/t=1500000000;/' rates.capture | "$IORIOT" --quiet -a - --seq)
says "seq: rates of the device" '^ +67/s +133/s +33.3 KiB/s +533.3 KiB/s +142/s +- +100.0 % +4.0 KiB 66.7 %, 512 B 33.3 % +block$'
# requests of a ring stand as they were submitted, not as they were over; those of one io_uring_enter by their numbers
{
	head -n 3 levels.capture
	for of in 200:150:2:8192:4096 210:160:1:4096:4096 220:170:0:0:4096 300:10:3:12288:100 310:10:4:90000:4096; do
		IFS=: read -r t took number offset size <<< "$of"
		echo "t=$t;:,D=$took;:,i=7:7;:,o=uring_read;:,k=1:$number:0:-:-:0x0;:,d=3;:,c=4096;:,O=$offset;:,f=0;:,s=$size;:,"
		echo "t=$t;:,D=$((took - 2 * number));:,i=7:7;:,o=ring_complete;:,F=0x16;:,d=3;:,O=$offset;:,c=4096;:,r=0x1;:,V=0x1;:,s=$size;:,x=8:1:12:0100644:1:0:0:8192:0;:,"
	done
} > late.capture
status_is "seq: late requests" 3 "$IORIOT" --quiet -a late.capture --seq -L sys,uring
says "seq: in the order of submission" '^ +5 +0 +16.1 KiB +0 B +75.0 % +- +4.0 KiB  sys +4.0 KiB 80.0 %, 100 B 20.0 % +part sequential read +/f$'
says "seq: in the order of their beginning" '^ +5 +0 +16.1 KiB +0 B +75.0 % +- +4.0 KiB  uring '
# of nothing there is nothing to say, and that is said
for of in '--by op' '--seq' '--hist latency' '--timeline 1s'; do
	# shellcheck disable=SC2086 # words
	equal "nothing: $of" "$("$IORIOT" --quiet -a run.capture -F 'pid==0' $of | tail -n 1)" "  nothing"
done
equal "preads: pattern" "$(cell pattern "$PWD/dir/sequential" random)" "random read"

rows() { # FILTER: how many calls it lets through
	"$IORIOT" -a run.capture --export csv:/dev/stdout -F "$1" | tail -n +2 | wc -l
}
equal "filter: missing" "$(rows 'error==ENOENT && file=~"/missing [0-9]+"')" 30
equal "filter: by errno" "$(rows 'error==2')" "$(rows 'error=="ENOENT"')"
equal "filter: in" "$(rows 'op in (read, write)')" "$(rows 'op==read || op==write')"
equal "filter: not" "$(($(rows '!(bytes>=1Ki)') + $(rows 'bytes>=1Ki')))" "$calls"
equal "filter: class" "$(rows 'class==TRANSFER')" "$(rows 'op in (sendfile,copy_file_range,splice)')"
equal "filter: threads" "$(rows 'written==5000 && file=~"/thread[012]$"')" 150
equal "filter: sizes" "$(rows 'size==1000 && op==write')" 100
equal "filter: times" "$(rows 'latency>=1ns && latency<1s')" "$(rows 'latency!=0 && !(latency >= 1s)')"
equal "filter: no match" "$(($(rows 'comm!~"^python"') + $(rows 'comm=~"^python"')))" "$calls"
equal "filter: nothing" "$(rows 'pid==0')" 0

# wrong FILTER COLUMN REGEX: the caret stands below that column (from 0) of the text
wrong() {
	fails "filter $1" 2 "$3" "$IORIOT" -a run.capture -F "$1"
	equal "filter $1: place" "$(sed -n '3s/\^.*//p' <<< "$output" | tr -d '\n' | wc -c)" $(($2 + 2))
}
wrong 'pid=3' 3 'equality'
wrong 'nothing==1' 0 'no column "nothing"'
wrong 'op==read &&' 11 'a column is expected'
wrong '(op==read' 9 'never closed'
wrong 'latency>3x' 9 'units'
wrong 'op=~"("' 5 'regular expression'
wrong 'op<3' 2 'is text'
wrong 'file=="a' 6 'quote'
wrong 'op in read' 6 'needs a list'
wrong 'pid==a' 5 'a number'
wrong 'op==read op' 9 'expected here'
wrong "$(printf '(%.0s' {1..200})" 100 'levels'
wrong 'op==read && op==reed' 16 'no operation "reed"'
wrong 'error in (ENOENT, ENOTENT)' 18 'no error "ENOTENT"'
wrong 'file=="été" && pid==x' 20 'a number' # characters, not bytes
long=$(printf 'pid==1 || %.0s' {1..100})
wrong "${long}pid==x${long#pid==1}" 123 'a number' # what is near of a long one
says "filter: a long one is cut" '^  \.\.\..*pid==x.*\.\.\.$'
check "filter: and stays one line" test "$(wc -l <<< "$output")" -eq 3

# stacks
check "flame" "$IORIOT" -a run.capture --flame flame.svg --fields comm,file,op --count bytes
check "flame: XML, as wide as what is in it" python3 - flame.svg all.csv <<'E1'
import csv, sys, xml.etree.ElementTree as et
frames = [(float(g.get("data-x")), float(g.get("data-w")), int(g.get("data-d")))
          for g in et.parse(sys.argv[1]).getroot().iter("{http://www.w3.org/2000/svg}g")]
with open(sys.argv[2], encoding="utf-8", errors="surrogateescape") as f:
	rows = list(csv.DictReader(f))
assert frames[0] == (0, 1200, 0), frames[0]
total = sum(int(r["bytes"]) for r in rows)
python = sum(int(r["bytes"]) for r in rows if r["comm"] == "python3")
assert any(d == 1 and abs(w - 1200 * python / total) < 0.001 for x, w, d in frames), (python, total)
for x, w, d in frames[1:]:
	assert any(e == d - 1 and y <= x + .001 and y + v >= x + w - .001 for y, v, e in frames), (x, w, d)
E1
# names that would turn the title around, or that no XML may have
{ head -n 1 levels.capture; sed -n 2p levels.capture; printf '%s\n' $'t=30;:,D=5;:,i=7:7;:,o=unlink;:,p=/a\u202eb\xef\xbf\xbe<&>\x85\xff;:,s=0;:,'; } > names.capture
status_is "flame: odd names" 3 "$IORIOT" --quiet -a names.capture --flame names.svg
equal "flame: odd names are told" "$(python3 -c 'import xml.etree.ElementTree as et
print([t.text for t in et.parse("names.svg").getroot().iter("{http://www.w3.org/2000/svg}title") if "u202e" in t.text][0])')" \
	'a\u202eb\ufffe<&>\x85\xff: 5 ns, 100.00 %'
for count in time count bytes gap; do
	check "collapsed $count" "$IORIOT" -a run.capture --export collapsed:stacks --count "$count" --fields op
	column=${count/time/latency}
	equal "collapsed $count: reads" "$(sed -n 's/^read //p' stacks)" "$(python3 - "$column" <<'E1'
import csv, sys
with open("all.csv", encoding="utf-8", errors="surrogateescape") as f:
	print(sum(1 if sys.argv[1] == "count" else int(r[sys.argv[1]]) for r in csv.DictReader(f) if r["op"] == "read"))
E1
)"
done
check "collapsed: bytes by files" "$IORIOT" -a run.capture --export collapsed:stacks --count bytes --fields comm,file,op
flamegraph=/usr/share/perl5/Devel/NYTProf/flamegraph.pl # as Debian has it
check "collapsed: flamegraph.pl" sh -c 'perl "$0" stacks > stacks.svg 2> stacks.said' "$flamegraph"
equal "collapsed: flamegraph.pl has no complaint" "$(cat stacks.said)" ""
equal "collapsed: flamegraph.pl reads all of it" "$(grep -o '<title>all ([0-9,]* samples' stacks.svg | tr -dc 0-9)" \
	"$(awk '{ sum += $NF } END { printf "%.0f", sum }' stacks)"
check "jsonl" "$IORIOT" -a run.capture --export jsonl:all.jsonl
check "jsonl is the CSV" python3 - <<'E1'
import csv, json
with open("all.csv", newline="", encoding="utf-8", errors="surrogateescape") as f, open("all.jsonl") as g:
	for row, line in zip(csv.DictReader(f), map(json.loads, g), strict=True):
		for key, value in line.items():
			have = str(value)
			want = "".join(f"\\x{b:02x}" if b > 127 else chr(b) for b in row[key].encode("utf-8", "surrogateescape"))
			assert have == row[key] or have == want, (key, have, row[key])
E1

# results that the kernel keeps to itself are no errors
awk '/;:,s=-2;:,/ && n < 5 { sub(/s=-2;/, "s=-" 512 + n++ ";") } { print }' run.capture > restarts.capture
check "restarts: csv" "$IORIOT" --quiet -a restarts.capture --export csv:restarts.csv
check "restarts: table" sh -c '"$0" --quiet -a restarts.capture --by error --top 0 > restarts.error' "$IORIOT"
check "restarts: a second implementation" "$TESTS/analyse/second.py" restarts.capture restarts.csv restarts.error error
equal "restarts: all but -515, which is no restart" "$("$IORIOT" --quiet -a restarts.capture --export csv:- -F 'ret<=-512 && !error' | wc -l)" 5

# other tools
status_is "perfetto" 0 "$IORIOT" -a run.capture --export perfetto:run.perfetto
check "perfetto: each call with its times, processes and threads with their names" python3 - <<'E1'
import csv, json
from decimal import Decimal
with open("all.csv", newline="", encoding="utf-8", errors="surrogateescape") as f, open("run.perfetto") as g:
	rows, trace = list(csv.DictReader(f)), json.load(g, parse_float=Decimal)
events = [e for e in trace["traceEvents"] if e["ph"] == "X"]
names = {(e["name"], e["tid" if e["name"] == "thread_name" else "pid"]): e["args"]["name"] for e in trace["traceEvents"] if e["ph"] == "M"}
assert trace["otherData"]["lost"] == 0 and trace["traceEvents"][-1]["name"] == "end of the capture"
for r, e in zip(rows, events, strict=True):
	assert (r["op"], int(r["pid"]), int(r["tid"]), int(r["ret"])) == (e["name"], e["pid"], e["tid"], e["args"]["ret"]), (r, e)
	assert (Decimal(r["time"]), Decimal(r["latency"])) == (1000 * e["ts"], 1000 * e["dur"]), (r, e)
	assert int(r["bytes"]) == e["args"].get("bytes", 0) and r["error"] == e["args"].get("error", "")
want = {}
for r in rows:
	if r["comm"]:
		want["thread_name", int(r["tid"])] = r["comm"]
		if r["tid"] == r["pid"]:
			want["process_name", int(r["pid"])] = r["comm"]
		else:
			want.setdefault(("process_name", int(r["pid"])), r["comm"])
assert want == names and {"worker 1", "worker 2"} <= set(names.values()), (want, names)
E1
for count in time count bytes gap; do
	check "speedscope $count" "$IORIOT" -a run.capture --export speedscope:stacks.json --count "$count" --fields op,file
	check "speedscope $count: collapsed" "$IORIOT" -a run.capture --export collapsed:stacks --count "$count" --fields op,file
	check "speedscope $count: the stacks of collapsed" python3 - <<'E1'
import json
p = json.load(open("stacks.json"))
names, profile = [f["name"] for f in p["shared"]["frames"]], p["profiles"][0]
have = [(";".join(names[i] for i in s), w) for s, w in zip(profile["samples"], profile["weights"], strict=True)]
want = [line.rsplit(b" ", 1) for line in open("stacks", "rb").read().splitlines()]
assert have == [(stack.decode(), int(n)) for stack, n in want], (have[:3], want[:3])
assert len(set(names)) == len(names), "frames of one name are one"
assert profile["endValue"] == sum(profile["weights"]) and profile["type"] == "sampled"
E1
done
check "fio" sh -c '"$0" -a run.capture --export fio:run.fio -F "file=~\"/dir/\"" > fio.out' "$IORIOT"
check "fio: each transfer that has a place" python3 - <<'E1'
import csv, os
lines = open("run.fio").read().split("\n")
assert lines[0] == "fio version 3 iolog"
lines = [line.split(" ") for line in lines[1:-1]]
with open("all.csv", newline="", encoding="utf-8", errors="surrogateescape") as f:
	rows = [r for r in csv.DictReader(f) if "/dir/" in r["file"]]
want = [(r["file"], "write" if r["class"] == "WRITE" else "read", r["offset"], r["bytes"]) for r in rows
	if r["class"] in ("READ", "WRITE") and int(r["bytes"]) and int(r["offset"]) >= 0]
def name(file):
	out = "".join(c if c.isalnum() or c in "._-" else "+" if c == "/" else f"={ord(c):02x}" for c in file[1:])
	return out
have = [(n, *rest) for _, n, *rest in lines if rest[0] in ("read", "write")]
assert have == [(name(f), *rest) for f, *rest in want], (have[:3], want[:3])
times = [int(t) for t, *_ in lines]
assert times == sorted(times) and len(want) > 300
for verb in "add", "open", "close":
	assert sorted(n for _, n, *rest in lines if rest == [verb]) == sorted({name(f) for f, *_ in want}), verb
left = sum(1 for r in rows if int(r["bytes"])) - len(want)
assert f"{len(want)} reads, writes and syncs of" in open("fio.out").read() and f"left out are {left} calls" in open("fio.out").read()
E1
# as the document says
check "fio: the whole capture" sh -c '"$0" -a run.capture --export fio:io.fio > fio.out' "$IORIOT"
sed -n '/^      mkdir again/,/^      fio --name/p' "$SOURCE/docs/analysis.md" > again.sh
sed -i '$s/ *#.*/ --replay_no_stall=1 --output-format=json --output=..\/again.json/' again.sh
check "fio: replays it" sh -e again.sh
equal "fio: as many bytes" "$(python3 -c 'import json; j = json.load(open("again.json"))["jobs"][0]; print(j["error"], j["read"]["io_bytes"], j["write"]["io_bytes"])')" \
	"0 $(awk '$3 == "read" { r += $5 } $3 == "write" { w += $5 } END { print r, w }' io.fio)"

# AIO: what fio says it moved is what its requests moved, in the file that they were on
check "record AIO" "$IORIOT" --quiet -c aio.capture -- fio --name=j --ioengine=libaio --iodepth=8 --rw=randrw --bs=4k \
	--size=512k --fallocate=none --output-format=json --output=fio.json
check "AIO: csv" "$IORIOT" -a aio.capture --export csv:aio.csv
check "AIO: seq" sh -c '"$0" -a aio.capture --seq --top 0 > aio.seq' "$IORIOT"
check "AIO: a second implementation" "$TESTS/analyse/second.py" aio.capture aio.csv aio.seq seq
for files in 0 1; do # of descriptors, of registered files
	if ! fio --name=u --ioengine=io_uring --size=4k --output=probe.json > /dev/null 2>&1; then
		skip "io_uring, registered files: $files" "this host refuses io_uring"
		continue
	fi
	check "io_uring, registered files: $files" "$IORIOT" --quiet -c uring.capture -- fio --name=u --ioengine=io_uring --iodepth=32 \
		--rw=rw --bs=4k --size=512k --fallocate=none --registerfiles=$files --fixedbufs=$files --output=uring.json
	check "io_uring, registered files: $files: csv" "$IORIOT" --quiet -a uring.capture --export csv:uring.csv
	for table in seq 'by op' 'by class' 'by family'; do
		# shellcheck disable=SC2086 # words
		"$IORIOT" --quiet -a uring.capture --$table --top 0 > "uring.${table#by }"
	done
	check "io_uring, registered files: $files: a second implementation" "$TESTS/analyse/second.py" uring.capture uring.csv \
		uring.seq seq uring.op op uring.class class uring.family family
done
check "AIO: perfetto" "$IORIOT" -a aio.capture --export perfetto:aio.perfetto
check "AIO: requests go on beside the calls" python3 - <<'E1'
import csv, json
trace = json.load(open("aio.perfetto"))["traceEvents"]
begun = {e["id"]: e for e in trace if e["ph"] == "b"}
ended = {e["id"]: e for e in trace if e["ph"] == "e"}
with open("aio.csv", encoding="utf-8", errors="surrogateescape") as f:
	rows = [r for r in csv.DictReader(f) if r["op"].startswith("aio_")]
assert len(rows) == len(begun) == len(ended) > 100
for r in rows:
	b, e = begun[int(r["seq"])], ended[int(r["seq"])]
	assert b["name"] == r["op"] and abs((e["ts"] - b["ts"]) * 1000 - int(r["latency"])) < 1, (r, b, e)
E1
check "AIO: bytes are the file's" python3 - "$PWD/j.0.0" <<'E1'
import csv, json, sys
job = json.load(open("fio.json"))["jobs"][0]
with open("aio.csv", encoding="utf-8", errors="surrogateescape") as f:
	rows = [r for r in csv.DictReader(f) if r["family"] == "AIO"]
for op, column, want in ("aio_read", "read", job["read"]), ("aio_write", "written", job["write"]):
	own = [r for r in rows if r["op"] == op and r["file"] == sys.argv[1]]
	assert (len(own), sum(int(r[column]) for r in own)) == (want["total_ios"], want["io_bytes"]), (op, want)
assert sum(int(r["bytes"]) for r in rows) == job["read"]["io_bytes"] + job["write"]["io_bytes"]
E1

# tables of time
printf '%s\n' '#|capture_version=5|' 't=1000;:,D=0;:,i=1:1;:,o=sync;:,s=0;:,' 't=9000000000;:,D=0;:,i=1:1;:,o=sync;:,s=0;:,' \
	't=9000000000;:,D=0;:,i=0:0;:,o=end;:,c=2;:,O=0;:,' > long.capture
fails "timeline: too fine" 2 "longer interval" "$IORIOT" -a long.capture --timeline 0.01ms
check "timeline: fine" "$IORIOT" -a long.capture --timeline 1ms
# each 5 s 40 writes, reads that become more, a thread that is always asleep in one call
awk 'BEGIN {
	print "#|capture_version=5|start_mono=0|"
	for (ms = 500; ms <= 60000; ms += 500) {
		if (ms % 5000 == 0)
			for (k = 0; k < 40; k++)
				printf "t=%d000000;:,D=1000;:,i=1:1;:,o=write;:,d=3;:,c=100;:,s=100;:,\n", ms
		for (k = 0; k < 10 + ms / 1000; k++)
			printf "t=%d000000;:,D=1000;:,i=1:1;:,o=pread64;:,d=3;:,c=10;:,O=0;:,s=10;:,\n", ms
		printf "t=%d000000;:,D=500000000;:,i=1:2;:,o=flock;:,d=4;:,f=2;:,s=0;:,\n", ms
	}
	print "t=60000000000;:,D=0;:,i=0:0;:,o=end;:,c=1;:,O=0;:,n=0;:,N=0;:,"
}' > trends.capture
status_is "timeline: trends" 0 "$IORIOT" --quiet -a trends.capture --timeline 500ms
says "timeline: a period" "^ +stable +[0-9.]+ B/s +[0-9.]+ B/s +11 +100.0 % +5.00 s +(1.00|0.9[0-9]) +written$"
says "timeline: it rises" "^ +rising +[0-9.]+ B/s +1.[0-9] KiB/s +- +- +- +- +read$"
says "timeline: always one thread" "^ +stable +1(.0[0-9])? +1 +- +- +- +- +threads in calls$"
equal "timeline: of what there is none nothing is said" "$(grep -c ' errors$' <<< "$output")" 0
equal "timeline: few intervals say nothing" "$("$IORIOT" --quiet -a trends.capture --timeline 7500ms | wc -l)" 9

# what a header says must not speak to the terminal
sed '1s/.*/#|capture_version=5|start_mono=1|backend=b\\x1b[31m|host=h\\x07|kernel=k\\x0a|cmd=c\\x1b]0;x|filter=f\\x9b|only=o\\x00|/' long.capture > odd.capture
status_is "odd header" 0 "$IORIOT" -a odd.capture
equal "odd header: bytes that control" "$(grep -c '[[:cntrl:]]' <<< "$output")" 0
says "odd header: shown" 'recorded by b\\x1b\[31m on h\\x07, Linux k\\x0a$'

# what is missing is said, in each way
head -n 200 run.capture > cut.capture
status_is "cut" 3 "$IORIOT" -a cut.capture
says "cut: sentence" "cut.capture: it was cut short"
sed '100i t=5;:,D=0;:,i=0:0;:,o=lost;:,c=17;:,p=buffer;:,' run.capture > lost.capture
status_is "lost" 3 "$IORIOT" -a lost.capture --export csv:lost.csv
says "lost: sentence" "lost.capture: 17 records were lost"
equal "lost: in the CSV" "$(tail -n 1 lost.csv | tr -d ',\r')" "lost17"
status_is "lost: jsonl" 3 "$IORIOT" -a lost.capture --export jsonl:lost.jsonl
equal "lost: in the JSON" "$(tail -n 1 lost.jsonl)" '{"lost":17}'
status_is "lost: perfetto" 3 "$IORIOT" -a lost.capture --export perfetto:lost.json
check "lost: in the trace" grep -q '"name":"17 records were lost"' lost.json
status_is "lost: speedscope" 3 "$IORIOT" -a lost.capture --export speedscope:lost.json
check "lost: in the profile's name" grep -q 'lost.capture, 17 records were lost when it was recorded"' lost.json
status_is "lost: collapsed" 3 "$IORIOT" -a lost.capture --export collapsed:lost.stacks
says "lost: collapsed: sentence" "17 records were lost"
equal "lost: a stack of no width" "$(tail -n 1 lost.stacks)" "17 records were lost 0"
check "lost: flamegraph.pl reads the others" sh -c 'perl "$0" lost.stacks > lost.svg 2> stacks.said && ! test -s stacks.said' "$flamegraph"
status_is "lost: fio" 3 "$IORIOT" -a lost.capture --export fio:lost.fio
says "lost: beside the iolog" "^lost.fio: 17 records were lost, and with them what they read and wrote$"
status_is "lost: summary" 3 "$IORIOT" -a lost.capture
says "lost: summary" "17 records were lost"
mkdir lost.layers
status_is "lost: CSV of layers" 3 "$IORIOT" -a lost.capture -L all --export csv:lost.layers
check "lost: in the CSV of layers" grep -rqE "(^|,)lost,.*17|17.*lost" lost.layers
status_is "lost: flame" 3 "$IORIOT" -a lost.capture --flame lost.svg
check "lost: in the title" grep -q "17 records were lost" lost.svg
sed '0,/;:,s=/s/;:,s=/;:,s=x/' run.capture > bad.capture
status_is "malformed" 3 "$IORIOT" -a bad.capture
says "malformed: sentence" "1 lines are malformed; the first one: .*bad.capture:[0-9]+: "

# other captures
zstd -q run.capture
check "zst" "$IORIOT" -a run.capture.zst --export csv:zst.csv
check "zst: the same" cmp all.csv zst.csv
check "standard input" sh -c '"$1" -a - --export csv:in.csv < run.capture' sh "$IORIOT"
check "standard input: the same" cmp all.csv in.csv
fails "not a capture" 1 "program.py" "$IORIOT" -a program.py
fails "no file" 1 "none.capture" "$IORIOT" -a none.capture
for old in "$TESTS"/corpus/v[34]/*.capture; do
	[[ $old == *damaged* ]] || check "older: ${old##*corpus/}" "$IORIOT" --quiet -a "$old"
done

# output is whole or not there
fails "export: full disk" 1 "No space left" "$IORIOT" -a run.capture --export csv:/dev/full
fails "export: format" 2 "csv, jsonl, collapsed, speedscope, perfetto, fio, records or capture" "$IORIOT" -a run.capture --export xml:file
fails "export: directory" 1 "none/x.csv" "$IORIOT" -a run.capture --export csv:none/x.csv
fails "fields without stacks" 2 "--fields means nothing" "$IORIOT" -a run.capture --fields op
fails "fields" 2 "no column" "$IORIOT" -a run.capture --flame x.svg --fields op,nothing
check "nothing is left behind" test ! -e x.svg
fails "sort without by" 2 "order of what --by shows" "$IORIOT" -a run.capture --seq --sort bytes
fails "by" 2 'no column "x"' "$IORIOT" -a run.capture --by op,x
fails "statistics of a replay: cut" 1 "replay" sh -c 'echo "{\"schema\": 1}" > s.json; exec "$0" -a s.json' "$IORIOT"
fails "full standard output" 1 "standard output" sh -c '"$1" -a run.capture > /dev/full' sh "$IORIOT"
done_testing
