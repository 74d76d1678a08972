#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Requests of io_uring as events, with BPF: each that a program makes, exactly once, with its opcode, file, place,
# length and result; and all of fio's.
# shellcheck source=../lib.sh
. "$TESTS/lib.sh"
# shellcheck source=../bpf_lib.sh
. "$TESTS/bpf_lib.sh"
# shellcheck source=../layers_lib.sh
. "$TESTS/layers_lib.sh"

bpf_or_skip "events of io_uring with BPF"
if why=$(uring_is_refused); then
	skip "events of io_uring" "this host does not allow it: $why"
	done_testing
fi
cc -O1 -Wall -Wextra -o program "$TESTS/e2e/rings_program.c" -luring || exit

capture() { # NAME COMMAND...
	local name=$1
	shift
	"$IORIOT" -c "$name.capture" --backend=bpf -L uring -- "$@" >"$name.out" 2>"$name.said" </dev/null
	equal "$name: status" $? 0 || cat "$name.said"
}
capture one ./program data
layers_rings one.capture one.out data
read -r _ fd <one.out
inode=$(stat -c %i data)
check "the header names the hooks" grep -q 'layers=uring=[a-z_+]*io_uring_queue_async_work+io_uring_complete|' one.capture

# --- one file for other programs

mkdir csv
check "as CSV" "$IORIOT" -a one.capture -L all --export csv:csv
equal "columns" "$(head -n 1 csv/iouring_events.csv | tr -d '\r')" "timestamp,event,pid,tid,command,opcode,fd,offset,\
length,result,latency_ns,inode,filename,way,sqpoll,fixed_file,request,user_data,to_submit,min_complete,flags"
equal "opcodes by name" "$(awk -F, '$2 == "COMPLETE" { print $6 }' csv/iouring_events.csv | uniq | tr '\n' ' ')" \
	"WRITE FSYNC READV READ OPENAT NOP FALLOCATE READ WRITE "
equal "a line of it" "$(awk -F, -v OFS=, '$2 == "COMPLETE" && $18 == "0x14" { print $6, $7, $8, $9, $10, $12, $14, $15, $16 }' \
	csv/iouring_events.csv)" "READ,$fd,8192,4096,4096,$inode,worker,0,0"
equal "bytes" "$("$IORIOT" -a one.capture -L uring -F 'op==ring_complete' --export collapsed:bytes --fields op --count bytes &&
	awk '{ print $2 }' bytes)" $((4096 + 4096 + 3000 + 4096 + 10 + 4 * 512))

# --- fio: late completions of large batches

for rw in write randread; do
	capture fio-$rw fio --name=job --ioengine=io_uring --rw=$rw --bs=4k --size=1m --iodepth=16 \
		--iodepth_batch_submit=8 --filename=fio.data --randseed=7 --output=fio.out
	opcode=0x17
	[ $rw = randread ] && opcode=0x16
	grep "o=ring_complete;:,F=0x1\\?${opcode#0x};" fio-$rw.capture | grep -P "x=\d+:\d+:$(stat -c %i fio.data):" >over
	equal "fio, $rw: all its bytes" "$(grep -oP ';:,s=\K\d+' over | awk '{ n += $1 } END { print NR, n }')" "256 1048576"
	equal "fio, $rw: each place once" "$(grep -oP ';:,O=\K\d+' over | sort -n | uniq | wc -l)" 256
done
done_testing
