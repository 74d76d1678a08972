# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Sourced by tests of other layers than calls, behind lib.sh or, in a virtual machine, job_lib.sh. $layers_tools is
# where layers_check.py is.

inode_of() { stat -c '%Hd:%Ld:%i' "$1"; } # FILE
of_file() { # CAPTURE FILE OPERATION
	grep -P ";:,o=$3;:,.*x=$(inode_of "$2"):" "$1"
}
sum_of() { # CAPTURE OPERATION KEY: of its layer_sum
	grep -oP "o=layer_sum;:,p=$2;:,.*?$3=\K\d+" "$1"
}
exact() { # CAPTURE FILE HOW LENGTH
	check "$(basename "$1" .capture): $(basename "$2"), $3: to the byte" "${layers_tools:?}/layers_check.py" "$@"
}
# Compares with what is on stdin.
same() { # NAME FILE
	local wanted
	wanted=$(cat)
	if [ "$(< "$2")" = "$wanted" ]; then
		ok "$1"
	else
		not_ok "$1" "$(diff <(printf '%s\n' "$wanted") "$2" | tr '\n' '~')"
	fi
}

# What layers_written does in a directory with the files "read", which is not in the cache, and "gone", of 1 MiB each.
# the words are for sh
# shellcheck disable=SC2016,SC2034
layers_program='cd "$1" || exit
	sh -c "echo \$\$ >direct.pid; exec dd if=/dev/zero of=direct bs=1M count=2 oflag=direct"
	sh -c "echo \$\$ >written.pid; exec dd if=/dev/zero of=written bs=64k count=16"
	sync written
	dd if=read of=/dev/null bs=64k
	dd if=read of=/dev/null bs=64k
	cat gone
	rm gone'

# layers_written CAPTURE DIRECTORY GONE: block and cache of that program, GONE is what inode_of said of "gone".
layers_written() {
	local name mib=$((1 << 20))
	name=$(basename "$1" .capture)
	exact "$1" "$2/direct" direct $((2 * mib))
	equal "$name: direct I/O dirties nothing" "$(of_file "$1" "$2/direct" cache_dirty | wc -l)" 0
	equal "$name: its requests are of who wrote" "$(of_file "$1" "$2/direct" 'block_(queue|issue|done)' |
		grep -vc ";:,q=$(< "$2/direct.pid");:,")" 0
	exact "$1" "$2/written" written $mib
	equal "$name: what is written back is of who wrote" \
		"$(of_file "$1" "$2/written" '(block_queue|cache_writeback)' |
			grep -vc ";:,q=$(< "$2/written.pid");:,")" 0
	exact "$1" "$2/read" read $mib
	check "$name: the kernel read ahead" test -n "$(of_file "$1" "$2/read" cache_readahead)"
	equal "$name: each call looked into the cache" "$(of_file "$1" "$2/read" cache_get |
		grep -oP ';:,O=\K\d+' | sort -un | awk '$1 % 65536 == 0' | wc -l)" 16
	# a host that is short of memory, or whose caches somebody drops, may have taken some before
	equal "$name: what is removed leaves the cache, each page once" \
		"$(grep ";:,o=cache_delete;:,.*x=$3:" "$1" | grep -oP ';:,O=\K\d+' | sort | uniq -c |
			awk '$1 != 1 { bad++ } END { print (NR > 0 && !bad) }')" 1
	equal "$name: nothing was dropped" "$(grep -c ';:,o=lost;' "$1") $(sum_of "$1" '\w+' L | sort -u)" "0 0"
}

# layers_mapped CAPTURE FILE BASE: faults of layers_program on FILE of 256 KiB, which it had at BASE.
layers_mapped() {
	local name faults
	name=$(basename "$1" .capture)
	faults=$(of_file "$1" "$2" page_fault)
	equal "$name: each page that was written, once" \
		"$(grep -oP ';:,O=\K\d+(?=;:,f=[1357];)' <<<"$faults" | sort -n | tr '\n' ' ')" \
		"$(seq -s ' ' 0 4096 258048) "
	equal "$name: where the program had it" \
		"$(grep -oP ';:,a=0x\K[0-9a-f]+(?=;:,O=4096;:,f=1;)' <<<"$faults")" "$(printf %x $((0x$3 + 4096)))"
	if [ "$(stat -f -c %T "$2")" = tmpfs ]; then
		skip "$name: the first look waits for the disk" "tmpfs has none"
	else
		equal "$name: the first look waits for the disk" "$(head -n 1 <<<"$faults" | grep -oP ';:,f=\K\d')" 4
	fi
	equal "$name: each has a time" "$(grep -c ';:,D=0;' <<<"$faults")" 0
}

# layers_rings CAPTURE OUTPUT FILE: requests of rings_program on FILE. Leaves its events in "events".
layers_rings() {
	local name pid fd inode
	name=$(basename "$1" .capture)
	read -r pid fd <"$2"
	inode=$(stat -c %i "$3")
	grep -P ";:,i=$pid:" "$1" | sed -E "s/^.*;:,o=//; s/;:,$//; s/;:,/ /g" >events
	# Whether a worker is needed is the file system's to say, but for what asks for one.
	grep '^ring_complete' events | sed -E 's/F=0x1([0-9a-f]{2})/F=0x\1/; s/ r=0x[0-9a-f]+//
		s/ x=[0-9]+:[0-9]+:([0-9]+):.*/ \1/' >over
	same "$name: each request, once" over <<-END
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
	equal "$name: each was taken once" "$(ring_keys ring_submit)" "$(ring_keys ring_complete)"
	equal "$name: what a worker did was given to one" "$(ring_keys ring_worker)" \
		"$(ring_keys 'ring_complete F=0x1[0-9a-f]{2} ')"
	check "$name: what asks for a worker gets one" grep -q '^ring_complete F=0x116 .* V=0x14 ' events
	equal "$name: a nop needs none" "$(grep -c '^ring_worker.* V=0x17 ' events)" 0
	equal "$name: each call, with what it took" "$(grep '^ring_enter' events | sed -E 's/ d=[0-9]+//' | uniq -c |
		sed -E 's/^ +//' | tr '\n' '~')" "10 ring_enter n=1 N=1 f=1 s=1~1 ring_enter n=4 N=4 f=1 s=4~"
	equal "$name: a request takes time" "$(grep -c 'o=ring_complete;.*;:,D=0;' "$1")" 0
	equal "$name: sums" "$(grep -oP 'o=layer_sum;:,p=\Kring_\w+;:,c=\d+;:,n=\d+;:,N=\d+;:,L=\d+' "$1" |
		grep -v worker | tr '\n' ' ')" \
		"ring_enter;:,c=0;:,n=11;:,N=11;:,L=0 ring_submit;:,c=21542;:,n=14;:,N=14;:,L=0 \
ring_complete;:,c=21542;:,n=14;:,N=14;:,L=0 "
}
ring_keys() { grep -E "^$1" events | grep -oP '\bV=\S+' | sort | tr '\n' ' '; } # EXPRESSION

# layers_transfers CAPTURE OUTPUT: bytes of sockets of transfers_program, each once, by a call or by none. In the order
# of each direction: who sends is told when the call is over, when who waits may have got it.
layers_transfers() {
	local name pid way
	name=$(basename "$1" .capture)
	read -r pid <"$2"
	for way in send recv; do
		grep ";:,o=net_$way;" "$1"
	done | sed -E "s/^.*;:,i=([0-9]+):([0-9]+);:,o=(net_\w+);:,d=(-?[0-9]+);:,c=([0-9]+);:,.*n=([01]);.*;:,s=(-?[0-9]+);.*/\
\3 \1 \2 d=\4 c=\5 n=\6 s=\7/; s/ $pid $pid / itself /; s/ $pid [0-9]+ / worker /; s/ [0-9]+ [0-9]+ / child /" >transfers.events
	same "$name: each byte of sockets once, whoever moved it" transfers.events <<-END
		net_send itself d=4 c=5000 n=1 s=5000
		net_send itself d=4 c=1000 n=1 s=700
		net_send itself d=-1 c=3000 n=0 s=3000
		net_send worker d=-1 c=4000 n=0 s=4000
		net_send itself d=-1 c=800 n=0 s=800
		net_send child d=4 c=77 n=1 s=77
		net_send itself d=4 c=11 n=1 s=11
		net_send itself d=-1 c=0 n=0 s=-32
		net_recv itself d=5 c=5000 n=1 s=5000
		net_recv itself d=5 c=900 n=1 s=700
		net_recv itself d=-1 c=3000 n=0 s=3000
		net_recv itself d=-1 c=4000 n=0 s=4000
		net_recv itself d=-1 c=800 n=0 s=800
		net_recv itself d=-1 c=77 n=0 s=77
		net_recv itself d=5 c=11 n=1 s=11
		net_recv itself d=-1 c=0 n=0 s=0
	END
	equal "$name: sums of all" "$(sum_of "$1" net_send c) $(sum_of "$1" net_send n) $(sum_of "$1" net_recv c) $(
		sum_of "$1" net_recv n)" "13588 8 13588 8"
}
