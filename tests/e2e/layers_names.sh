#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Names of files that no call told: from a snapshot of the file system, by device and inode.
# shellcheck source=../lib.sh
. "$TESTS/lib.sh"
# shellcheck source=../bpf_lib.sh
. "$TESTS/bpf_lib.sh"

# --- a capture of events alone, and of events and a call that knows one name better
"$IORIOT" --quiet -c made.capture -- true
head -n 1 made.capture >events.capture
facts() { echo "x=7:1:$1:0100644:1:0:0:8192:16"; } # INODE
event() { echo "t=$2;:,D=0;:,i=9:9;:,o=cache_dirty;:,O=$3;:,c=4096;:,C=0;:,$(facts "$1");:,"; } # INODE TIME OFFSET
{
	event 21 100 0
	event 21 200 4096
	event 22 300 0
	event 23 400 0
	event 24 500 0
	echo "t=700;:,D=100;:,i=9:9;:,o=openat;:,d=AT_FDCWD;:,p=/called;:,f=0;:,m=0;:,s=3;:,$(facts 23);:,"
	event 23 800 0
} >>events.capture
columns=snapshot_timestamp,path,type,size,blocks,dev,inode,mode,uid,gid,nlink,creation_time,change_time,modification_time
columns=$columns,access_time
{
	printf '%s\r\n' "$columns"
	printf '1.5,%s,f,8192,16,%s,%s,0644,0,0,1,,1.0,1.0,1.0\r\n' /plain 7:1 21 '"/a, ""b""
and c"' 7:1 22 /old 7:1 23 /elsewhere 7:2 24
} >names.csv
zstd -q names.csv
by_file() { "$IORIOT" -a events.capture -L cache "$@" --export jsonl:- --quiet | python3 -c 'import json, sys
for line in sys.stdin: print(json.dumps(json.loads(line).get("file", "")))' | tr '\n' ' '; }
equal "events alone have no names" "$(by_file)" '"" "" "" "" "" "/called" '
wanted='"/plain" "/plain" "/a, \"b\"\r\nand c" "/old" "" "/called" '
wanted=${wanted/'\r'/}
equal "the snapshot's, until a call tells another; and of that device only" "$(by_file --names names.csv)" "$wanted"
equal "compressed as it is written" "$(by_file --names names.csv.zst)" "$wanted"
equal "from a pipe" "$(zstd -dcq names.csv.zst | by_file --names -)" "$wanted"
printf 'limit,entries\r\n' >>names.csv
equal "of a walk that ended early" "$(by_file --names names.csv)" "$wanted"

# --- a snapshot and a capture that were made with one key have the same names; devices and inodes join them
head -c 32 /dev/urandom >key
mkdir -p hidden/below
echo >hidden/below/secret
check "a snapshot without names" "$IORIOT" --quiet --snapshot="fs=3:$PWD/hidden" --output hidden-snap --anonymize key
check "a call without names" "$IORIOT" --quiet -c hidden.capture --anonymize key -- cat hidden/below/secret
{
	head -n 1 events.capture
	echo "t=100;:,D=0;:,i=9:9;:,o=cache_dirty;:,O=0;:,c=4096;:,C=0;:,x=$(stat -c '%Hd:%Ld:%i' hidden/below/secret):0100644:1:0:0:1:8;:,"
} >hidden-event.capture
called=$("$IORIOT" -a hidden.capture -F 'op==openat' --export jsonl:- --quiet | python3 -c 'import json, sys
print([json.loads(line)["file"] for line in sys.stdin][-1])')
joined=$("$IORIOT" -a hidden-event.capture -L cache --names hidden-snap/filesystem_snap.csv.zst --export jsonl:- --quiet |
	python3 -c 'import json, sys
print(json.loads(sys.stdin.read())["file"])')
equal "nothing is called as it is" "$(grep -c secret hidden.capture)" 0
equal "the event has the name that the call has" "$joined" "$called"

# --- what is none
fails "no such file" 1 "none.csv" "$IORIOT" -a events.capture -L cache --names none.csv
fails "no snapshot" 1 "no snapshot of a file system" "$IORIOT" -a events.capture -L cache --names events.capture
: >empty
fails "an empty one" 1 "no snapshot of a file system" "$IORIOT" -a events.capture -L cache --names empty
for wrong in '1.5,/x,f,1,1,7:1' '1.5,/x,f,1,1,7,21,0' '1.5,/x,f,1,1,7:1,x,0' '1.5,"/x,f,1,1,7:1,21,0' ',,,,,:,,'; do
	printf '%s\r\n' "$columns" "$wrong" >wrong.csv
	fails "a line '$wrong'" 1 "wrong.csv:2: " "$IORIOT" -a events.capture -L cache --names wrong.csv
done
{
	printf '%s\r\n1.5,"/' "$columns"
	yes '' | head -c 3000000
	printf 'x",f,1,1,7:1,21,0\r\n'
} >long.csv
check "a name of many lines" test "$(by_file --names long.csv | wc -c)" -gt 12000000
fails "without an analysis" 2 "--names" "$IORIOT" -c no.capture --names names.csv -- true
fails "without layers" 2 "--names is for -L" "$IORIOT" -a events.capture --names names.csv

# --- a snapshot beside a capture that has no calls
lacks=$(bpf_lacks)
if [ -n "$lacks" ] || [ "$(stat -f -c %T .)" = tmpfs ]; then
	skip "a snapshot beside a capture" "${lacks:-tmpfs makes no requests}"
	done_testing
fi
mkdir -p tree/below
head -c 262144 /dev/zero >tree/below/file
sync tree/below/file
check "recorded" "$IORIOT" --quiet -c whole.capture -L block,cache --backend=bpf --snapshot="fs=2:$PWD/tree" --output snap -- \
	sh -c 'while [ ! -e snap/filesystem_snap.csv.zst ]; do sleep 0.1; done
		exec dd if=/dev/zero of=tree/below/file bs=64k count=4 conv=notrunc,fsync 2>/dev/null'
sums() { "$IORIOT" -a whole.capture -L all "$@" --export jsonl:- --quiet | python3 -c 'import json, sys
of = {}
for e in map(json.loads, sys.stdin):
    if e.get("file") == sys.argv[1] and e["op"] in ("cache_dirty", "block_queue"):
        of[e["op"]] = of.get(e["op"], 0) + e["size"]
print(sorted(of.items()))' "$PWD/tree/below/file"; }
equal "no name without it" "$(sums)" "[]"
equal "each byte has its name" "$(sums --names snap/filesystem_snap.csv.zst)" \
	"[('block_queue', 262144), ('cache_dirty', 262144)]"
mkdir csv
check "as CSV" "$IORIOT" -a whole.capture -L all --names snap/filesystem_snap.csv.zst --export csv:csv
equal "and in the file of the layer" "$(awk -F, -v file="$PWD/tree/below/file" '$4 == "dirty" && $14 == file { n += $12 }
	END { print n }' csv/cache_events.csv)" 262144
done_testing
