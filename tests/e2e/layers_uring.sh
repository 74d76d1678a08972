#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Requests of io_uring as events, with BPF: each that a program makes, exactly once, with its opcode, file, place,
# length and result; and all of fio's.
# shellcheck source=../lib.sh
. "$TESTS/lib.sh"
# shellcheck source=../bpf_lib.sh
. "$TESTS/bpf_lib.sh"

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
# Compares with what is on stdin.
same() { # NAME FILE
	cat >expected
	if cmp -s expected "$2"; then
		ok "$1"
	else
		not_ok "$1" "$(diff expected "$2" | tr '\n' '~')"
	fi
}

capture one ./program data
read -r pid fd <one.out
grep -P ";:,i=$pid:" one.capture | sed -E "s/^.*;:,o=//; s/;:,$//; s/;:,/ /g" >events
inode=$(stat -c %i data)

# Whether a worker is needed is the file system's to say, but for what asks for one.
grep '^ring_complete' events | sed -E 's/F=0x1([0-9a-f]{2})/F=0x\1/; s/ r=0x[0-9a-f]+//; s/ x=[0-9]+:[0-9]+:([0-9]+):.*/ \1/' >over
same "each request, once" over <<-END
	ring_complete F=0x17 d=$fd O=0 c=4096 V=0x10 s=4096 $inode
	ring_complete F=0x17 d=$fd O=8192 c=4096 V=0x11 s=4096 $inode
	ring_complete F=0x03 d=$fd O=0 c=0 V=0x12 s=0 $inode
	ring_complete F=0x1 d=$fd O=0 c=3000 V=0x13 s=3000 $inode
	ring_complete F=0x16 d=$fd O=8192 c=4096 V=0x14 s=4096 $inode
	ring_complete F=0x16 d=999 O=0 c=100 V=0x15 s=-9
	ring_complete F=0x12 d=-100 O=-1 c=0 V=0x16 s=-2
	ring_complete F=0x0 d=-1 O=-1 c=0 V=0x17 s=0
	ring_complete F=0x11 d=$fd O=16384 c=4096 V=0x18 s=0 $inode
	ring_complete F=0x416 d=0 O=4090 c=10 V=0x19 s=10 $inode
	ring_complete F=0x17 d=$fd O=0 c=512 V=0x20 s=512 $inode
	ring_complete F=0x17 d=$fd O=512 c=512 V=0x21 s=512 $inode
	ring_complete F=0x17 d=$fd O=1024 c=512 V=0x22 s=512 $inode
	ring_complete F=0x17 d=$fd O=1536 c=512 V=0x23 s=512 $inode
END
keys() { grep "^$1" events | grep -oP '\bV=\S+' | sort | tr '\n' ' '; }
equal "each was taken once" "$(keys ring_submit)" "$(keys ring_complete)"
equal "what a worker did was given to one" "$(keys ring_worker)" "$(grep -P '^ring_complete F=0x1[0-9a-f]{2} ' events |
	grep -oP '\bV=\S+' | sort | tr '\n' ' ')"
check "what asks for a worker gets one" grep -q '^ring_complete F=0x116 .* V=0x14 ' events
equal "a nop needs none" "$(grep -c '^ring_worker.* V=0x17 ' events)" 0
equal "each call, with what it took" "$(grep '^ring_enter' events | sed -E 's/ d=[0-9]+//' | uniq -c |
	sed -E 's/^ +//' | tr '\n' '~')" "10 ring_enter n=1 N=1 f=1 s=1~1 ring_enter n=4 N=4 f=1 s=4~"
equal "a request takes time" "$(grep -c 'o=ring_complete;.*;:,D=0;' one.capture)" 0
equal "sums" "$(grep -oP 'o=layer_sum;:,p=\Kring_\w+;:,c=\d+;:,n=\d+;:,N=\d+;:,L=\d+' one.capture |
	grep -v worker | tr '\n' ' ')" \
	"ring_enter;:,c=0;:,n=11;:,N=11;:,L=0 ring_submit;:,c=21542;:,n=14;:,N=14;:,L=0 \
ring_complete;:,c=21542;:,n=14;:,N=14;:,L=0 "
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
