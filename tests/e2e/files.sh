#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# --file and --control: one file under all its names, its calls and requests and no others, the latest of them; and the
# commands of a capture that runs, with their answers.
# shellcheck source=../lib.sh
. "$TESTS/lib.sh"
# shellcheck source=../bpf_lib.sh
. "$TESTS/bpf_lib.sh"

fails "no capture: control" 1 "no capture listens" "$IORIOT" --control status --socket socket
fails "a file is counted from 1" 1 "a number from 1" "$IORIOT" -c x.capture --backend=bpf --file "x,0" --socket socket
fails "with limits" 2 "not with --max-size" "$IORIOT" -c x.capture --file x --max-events 5
fails "ptrace knows no files" 2 "ptrace backend records all files" "$IORIOT" -c x.capture --backend=ptrace -L vfs \
	--file x -- true
backend=${WATCH_BACKEND:-bpf}
[ "$backend" != bpf ] || bpf_or_skip "files that are watched"

ctl() { "$IORIOT" --control "$@" --socket socket; }
# shellcheck disable=SC2317 # by await
attached() { grep -q ', recording' said 2>/dev/null; }
begin() { # OPTIONS...
	rm -f said
	"$IORIOT" -c files.capture --backend="$backend" --buffer=8 --comm dd --socket socket "$@" >said 2>&1 &
	recorder=$!
	await attached || { not_ok "recording" "$(<said)"; done_testing; }
}
finish() {
	kill -INT $recorder
	wait $recorder
	local status=$?
	# of what the host does a record may be lost
	check "recorded" test $status -eq 0 -o $status -eq 3 || cat said
}
blocks() { dd if=/dev/zero of="$1" bs="$2" count="$3" conv=notrunc"${4+,$4}" 2>dd.err; } # FILE SIZE COUNT [fsync]
logged() { ctl log "$1" | awk -F';' -v how="$2;$3" '$2 ";" $5 == how { n++; b += $4 } END { print n + 0, b + 0 }'; }

head -c 1048576 /dev/urandom >one
cp one two
cp one three
cp one last
ln one same
ln -s one link
sync one two three

# --- what is kept, and of what
begin --file one --file two,6
mode=$(stat -c %a:%F socket)
equal "nobody else may ask" "$mode" 600:socket
fails "the name is taken" 1 "another capture's" "$IORIOT" -c other.capture --backend="$backend" --file three --socket socket
fails "twice" 1 "is watched already" "$IORIOT" --control add one --socket socket
check "by another name of it" ctl add same
blocks one 4096 10 fsync
blocks three 4096 10 fsync
dd if=same of=/dev/null bs=128k 2>dd.err
blocks two 512 20
equal "list" "$(ctl list | sed 's/^[^ ]*_\([0-9]*\) /\1 /')" \
	"$(stat -c %i one) $PWD/one $PWD/same
$(stat -c %i two) $PWD/two"
fails "that of a link to it is none" 1 "is watched already" "$IORIOT" --control add link --socket socket
ctl remove one
equal "list: the other name is left" "$(ctl list | head -n 1 | cut -d' ' -f2-)" "$PWD/same"
ctl add one
ctl remove same
equal "list: the first name is left" "$(ctl list | head -n 1 | cut -d' ' -f2-)" "$PWD/one"
ctl add same
check "status of all" grep -Eq "_$(stat -c %i two) 1 [0-9]+\.[0-9]{9} 6 6\$" <(ctl status)
check "status of one" grep -Eq '^1 [0-9]+\.[0-9]{9} 65536 [0-9]+$' <(ctl status link)
equal "writes" "$(logged one W VFS)" "10 40960"
equal "reads, by another name" "$(logged one R VFS)" "8 1048576"
equal "where" "$(ctl log one | grep ';W;.*;VFS;' | cut -d';' -f3 | tr '\n' ' ')" "$(seq -s ' ' 0 4096 36864) "
equal "who" "$(ctl log one | grep ';W;.*;VFS;' | cut -d';' -f6 | sort -u)" dd
if [ "$(stat -f -c %T .)" = tmpfs ]; then
	skip "requests" "tmpfs makes none"
else
	equal "requests" "$(ctl log one | awk -F';' '$2 ";" $5 == "W;BLK" { b += $4 } END { print b }')" 40960
fi

finish

# --- commands, without requests: somebody else may have what is written go to the disk at any time
begin -L vfs --file one
blocks one 4096 10
equal "writes alone" "$(logged one W VFS)" "10 40960"
ctl stop one
blocks one 4096 3
check "stopped" grep -q '^0 ' <(ctl status one)
equal "nothing is kept then" "$(logged one W VFS)" "10 40960"
ctl start one
blocks one 4096 2
equal "and again" "$(logged one W VFS)" "12 49152"
before=$(ctl status one | cut -d' ' -f2)
ctl reset one
equal "reset" "$(ctl status one)" "1 $before 65536 0"
blocks one 4096 1
equal "it goes on" "$(logged one W VFS)" "1 4096"
ctl timereset one
check "timereset" test "$(ctl status one | cut -d' ' -f2,4)" != "$before 0" -a "$(ctl log one | wc -l)" = 0
ctl add three,100
equal "added" "$(ctl list | wc -l)" 2
blocks three 4096 4
equal "added: its writes" "$(logged three W VFS)" "4 16384"
ctl add two
blocks two 512 3
ctl remove two
fails "removed" 1 "is not watched" "$IORIOT" --control status two --socket socket
fails "no such command" 1 "is no command" "$IORIOT" --control begin --socket socket
fails "no such file" 1 "No such file" "$IORIOT" --control add four --socket socket
fails "a directory" 1 "no regular file" "$IORIOT" --control add . --socket socket
fails "without a file" 1 "add needs a file" "$IORIOT" --control add --socket socket
blocks one 4096 5
# the last ones: 20 writes and a close, of which 6 are kept
ctl add last,6
blocks last 512 20
equal "only the last" "$(logged last W VFS)" "5 2560"
equal "and those" "$(ctl log last | cut -d';' -f3 | tr '\n' ' ')" "$(seq -s ' ' 7680 512 9728) "
finish
absent "the socket goes" socket

# --- what is in the capture
writes() { # FILE
	"$IORIOT" -a files.capture -E write --by file | awk -v file="$PWD/$1" '$NF == file { print $1 }'
}
equal "capture: one" "$(writes one)" 5
equal "capture: three" "$(writes three)" 4
equal "capture: the last of last" "$(writes last)" 5
equal "capture: what was removed" "$(writes two)" ""
equal "capture: nothing else" "$(grep -o ';:,P=[^;]*' files.capture | grep -v ';:,P=[a-z0-9]*$' | sort -u | tr '\n' ' ')" \
	";:,P=$PWD/last ;:,P=$PWD/one ;:,P=$PWD/three "
mkdir csv
"$IORIOT" -a files.capture -L all --export csv:csv
equal "by the names of operations" "$(grep -c 'WRITE.*/three,4096' csv/vfs_events.csv)" 4
fails "it cannot be replayed" 1 "only some files" "$IORIOT" -c files.capture -r files.replay

# --- without a file at first; the sums are those of the kernel's side
begin
equal "nothing is watched" "$(ctl status)" ""
blocks one 4096 8 fsync
finish
equal "nothing is told" "$(grep -c 'o=\(file_call\|layer_sum\|block_\)' files.capture)" 0
done_testing
