#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What layers are looked at for, with BPF: io_uring beside calls, batches, files and sockets in one program, maps whose
# faults are reads; and what they cost at most: buffers that overflow count what they drop, payload is not recorded.
# shellcheck source=../lib.sh
. "$TESTS/lib.sh"
# shellcheck source=../bpf_lib.sh
. "$TESTS/bpf_lib.sh"
# shellcheck source=../layers_lib.sh
. "$TESTS/layers_lib.sh"

bpf_or_skip "uses of layers with BPF"
capture() { # NAME LAYERS COMMAND...
	local name=$1 layers=$2
	shift 2
	"$IORIOT" -c "$name.capture" -L "$layers" --backend=bpf -- "$@" >"$name.out" 2>"$name.said" </dev/null
	equal "$name: status" $? 0 || cat "$name.said"
}
rows() { # NAME TABLE AWK: what that says of a table of a capture, by the names of its columns
	[ -d "$1.csv" ] || { mkdir "$1.csv" && "$IORIOT" -a "$1.capture" -L all --export "csv:$1.csv"; }
	tr -d '\r' <"$1.csv/$2_events.csv" | awk -F, 'NR == 1 { for (i = 1; i <= NF; i++) c[$i] = i; next } '"$3"
}
check "build: messages" cc -O1 -Wall -Wextra -o messages "$TESTS/e2e/messages_program.c" -luring

# --- a database's engine against calls one by one, in batches of 8; and files and sockets by one ring

if why=$(uring_is_refused); then
	skip "io_uring" "this host does not allow it: $why"
else
	for engine in psync io_uring; do
		capture $engine sys,uring fio --name=job --ioengine=$engine --rw=randread --bs=4k --size=1m --iodepth=8 \
			--iodepth_batch_submit=8 --iodepth_batch_complete_min=8 --filename=fio.data --randseed=7 --output=fio.out
		equal "$engine: operations on the file" "$(rows $engine vfs \
			'$c["operation"] == "READ" && $c["filename"] ~ /fio.data$/ { n++; b += $c["result"] } END { print n, b }')" \
			"256 1048576"
	done
	equal "with calls there are no requests" "$(rows psync iouring '{ n++ } END { print n + 0 }')" 0
	equal "submissions in batches: how many of how much" "$(rows io_uring iouring \
		'$c["event"] == "ENTER" && $c["to_submit"] > 0 { n[$c["to_submit"]]++ } END { for (k in n) print k, n[k] }')" "8 32"

	capture messages all ./messages file 64 4096
	equal "files and sockets by one ring: requests" "$(rows messages iouring \
		'$c["event"] == "COMPLETE" { n[$c["opcode"]]++; b[$c["opcode"]] += $c["result"] }
		END { print n["READ"], b["READ"], n["SEND"], b["SEND"] }')" "64 262144 64 262144"
	equal "and what came out of the socket" "$(rows messages nw \
		'$c["direction"] == "recv" { b += $c["bytes"] } END { print b }')" 262144
	check "payload is in the file" grep -q 'the payload of it' file
	equal "and in no record" "$(grep -c 'payload of' messages.capture)" 0
fi

# --- a map: faults that waited for the disk are what was read

if [ "$(stat -f -c %T .)" = tmpfs ]; then
	skip "maps" "tmpfs has no disk"
else
	cc -O1 -Wall -o program "$TESTS/e2e/layers_program.c"
	head -c 262144 /dev/urandom >mapped
	capture maps block,cache,fault ./program mapped
	inode=$(stat -c %i mapped)
	equal "each page came in once, and from the disk" "$(rows maps cache \
		'$c["event_type"] == "add" && $c["inode"] == '"$inode"' { b += $c["bytes"] } END { print b }') $(rows maps block \
		'$c["event"] == "block_done" && $c["inode"] == '"$inode"' && $c["operation"] == "read" { b += $c["size"] }
		END { print b }')" "262144 262144"
	check "a fault waited for it" test "$(rows maps pagefault \
		'$c["severity"] == "MAJOR" && $c["inode"] == '"$inode"' { n++ } END { print n + 0 }')" -ge 1
fi

# --- one buffer for each processor, of a size that can be chosen; what does not fit is counted by kind of event

# the words are for sh
# shellcheck disable=SC2016
"$IORIOT" -c dropped.capture -L cache,proc --buffer=1 --backend=bpf -- sh -c 'kill -STOP $PPID
	dd if=/dev/zero of=dropped bs=4k count=50000; kill -CONT $PPID' >dropped.out 2>dropped.said
equal "more than the buffer holds: status" $? 3
equal "each that was seen is a record or was dropped" "$(grep -oP 'o=layer_sum;.*' dropped.capture |
	grep -oP ';:,n=\K\d+;:,N=\d+;:,L=\d+' | tr -c '0-9\n' ' ' | awk '$1 != $2 + $3' | wc -l)" 0
check "pages were dropped" test "$(sum_of dropped.capture cache_dirty L)" -gt 1000
equal "records are as many as the sums say" "$(grep -c 'o=cache_dirty;' dropped.capture)" \
	"$(sum_of dropped.capture cache_dirty N)"
done_testing
