# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# The job of tests/vm/layers.sh: the same programs with both backends of the kernel.
# shellcheck source=../job_lib.sh
. /usr/lib/ioriot/job_lib.sh

mib=$((1 << 20))
backends=stap
ioriot --check 2>&1 | grep -q 'ok *backend *part of this build' && backends='stap bpf'

capture() { # NAME BACKEND LAYERS COMMAND...
	local name=$1 backend=$2 layers=$3
	shift 3
	ioriot -c "/out/$name.capture" -L "$layers" --backend="$backend" --buffer=8 -- "$@" \
		> "/tmp/$name.out" 2> "/out/$name.said" < /dev/null
	equal "$name: status" $? 0 || cat "/out/$name.said"
}
inode_of() { stat -c '%Hd:%Ld:%i' "$1"; }
of_file() { # CAPTURE FILE OPERATION
	grep -P ";:,o=$3;:,.*x=$(inode_of "$2"):" "/out/$1.capture"
}
exact() { # CAPTURE FILE HOW LENGTH
	check "$1: $2, $3: to the byte" /job/layers_check.py "/out/$1.capture" "$2" "$3" "$4"
}
sum_of() { # CAPTURE OPERATION KEY: of its layer_sum
	grep -oP "o=layer_sum;:,p=$2;:,.*?$3=\K\d+" "/out/$1.capture"
}
# What happened to a file, in bytes: requests may be cut where the other backend's are not.
bytes_of() { # CAPTURE FILE
	of_file "$1" "$2" '\w+' | grep -oP ';:,o=\K(block_queue|block_done|cache_add|cache_dirty|cache_writeback|cache_delete);.*' |
		sed -E 's/^(\w+)(;.*)?;:,c=([0-9]+).*/\1 \3/' | awk '{ n[$1] += $2 } END { for (o in n) print o, n[o] }' | sort
}

# the words are for sh
# shellcheck disable=SC2016
program='cd "$1" || exit
	sh -c "echo \$\$ >direct.pid; exec dd if=/dev/zero of=direct bs=1M count=4 oflag=direct"
	sh -c "echo \$\$ >written.pid; exec dd if=/dev/zero of=written bs=64k count=64"
	sync written
	dd if=read of=/dev/null bs=64k
	dd if=read of=/dev/null bs=64k
	cat gone
	rm gone'
for fs in ext4 xfs; do
	for backend in $backends; do
		name=$fs-$backend
		d=/mnt/$fs/$backend
		mkdir "$d"
		head -c 4194304 /dev/urandom | tee "$d/read" > "$d/gone"
		sync "$d/read" "$d/gone"
		gone=$(inode_of "$d/gone")
		/job/layers_uncache.py "$d/read"
		capture "$name" "$backend" block,cache sh -c "$program" sh "$d"

		exact "$name" "$d/direct" direct $((4 * mib))
		equal "$name: direct I/O dirties nothing" "$(of_file "$name" "$d/direct" cache_dirty | wc -l)" 0
		equal "$name: its requests are of who wrote" "$(of_file "$name" "$d/direct" 'block_(queue|issue|done)' |
			grep -vc ";:,q=$(< "$d/direct.pid");:,")" 0
		exact "$name" "$d/written" written $((4 * mib))
		equal "$name: what is written back is of who wrote" \
			"$(of_file "$name" "$d/written" '(block_queue|cache_writeback)' |
				grep -vc ";:,q=$(< "$d/written.pid");:,")" 0
		exact "$name" "$d/read" read $((4 * mib))
		equal "$name: what is removed leaves the cache, each page once" \
			"$(grep ";:,o=cache_delete;:,.*x=$gone:" "/out/$name.capture" |
				grep -oP ';:,O=\K\d+' | sort | uniq -c | awk '$1 != 1' | wc -l)" 0
		equal "$name: nothing was dropped" "$(grep -c ';:,o=lost;' "/out/$name.capture") $(sum_of "$name" '\w+' L |
			sort -u)" "0 0"
		for file in direct written read; do
			bytes_of "$name" "$d/$file" > "/tmp/$name-$file"
			[ "$backend" = stap ] || check "$fs: both backends tell the same of $file" \
				diff "/tmp/$fs-stap-$file" "/tmp/$name-$file"
		done
		rm -r "$d"
	done
done

# --- one in so many, and none
capture some stap cache=16 dd if=/dev/zero of=/mnt/ext4/some bs=4k count=4096
kept=$(grep -c ';:,o=cache_dirty;:,' /out/some.capture)
seen=$(sum_of some cache_dirty n)
check "each page was changed" test "${seen:-0}" -ge 4096
check "one in 16 is a record" test "$kept" -ge $((seen / 16)) -a "$kept" -le $((seen / 16 + 2))
equal "and the sum says so" "$(sum_of some cache_dirty N)" "$kept"
equal "no call is one" "$(grep -c 'o=\(openat\|write\|close\);' /out/some.capture)" 0
capture sums stap cache=0 dd if=/dev/zero of=/mnt/ext4/sums bs=4k count=1024
equal "only sums" "$(grep -vc 'o=\(state_mount\|layer_sum\|end\);' /out/sums.capture)" 1
check "of all bytes" test "$(sum_of sums cache_dirty c)" -ge $((4 * mib))
check "the header has it" grep -q '|layers=cache/0=[a-z_+]*writeback_dirty_folio[a-z_+]*|' /out/sums.capture
check "and what this kernel does not have" grep -q '|layers_missing=[a-z_,]*mm_filemap_get_pages' /out/sums.capture

# --- processes, and calls beside the events
for backend in $backends; do
	# shellcheck disable=SC2016
	capture "proc-$backend" "$backend" sys,proc sh -c '/bin/true; (exit 3); exec cat /dev/null'
	sed -n 's/.*;:,o=\(proc_[a-z]*\);:,\(.*p=[^;]*\|.*E=[0-9]*\)\?.*/\1 \2/p' "/out/proc-$backend.capture" > "/tmp/proc-$backend"
	equal "$backend: as many events of processes as calls" "$(grep -c ';:,o=proc_fork;' "/out/proc-$backend.capture")" \
		"$(grep -cE ';:,o=(v?fork|clone3?);' "/out/proc-$backend.capture")"
done
[ "$backends" = stap ] || check "both backends tell the same of processes" diff /tmp/proc-stap /tmp/proc-bpf

# --- a process that runs already; and what the module does not record
mkfifo /tmp/go
sh -c 'read line < /tmp/go; dd if=/dev/zero of=/mnt/ext4/attached bs=1M count=1 conv=fsync 2>/dev/null' &
program=$!
begin attached --backend=stap -L block -x $program
echo > /tmp/go
wait $program
ended attached
exact attached /mnt/ext4/attached direct $mib
ioriot -c /tmp/no.capture --backend=stap -L fault -- true 2> /tmp/said
equal "a layer that the module does not have: status" $? 2
check "a layer that the module does not have: sentence" grep -q 'does not record the layer fault' /tmp/said

# --- sockets and waiting: each call of a program, with its bytes, addresses and errors
# What the processes of each part say, without times, numbers of processes and ports.
sockets_of() { # CAPTURE OUTPUT
	local part pid client server
	while read -r part pid client server; do
		echo "== $part"
		[ "$part" = retransmits ] && pid='[0-9]*' # they come in interrupts
		grep -P ";:,o=(net|conn|poll|sockopt|retrans)_" "$1" | grep "${pid:+;:,i=$pid:}" |
			grep "o=$([ "$part" = retransmits ] && echo retrans)" |
			sed -E "s/^.*;:,o=//; s/;:,$//; s/;:,/ /g; s/:${client:-none}\b/:CLIENT/g
				s/:${server:-none}\b/:SERVER/g; s/\b([nq])=[0-9]{2,}( |$)/\1=N\2/g"
	done < "$2"
}
for backend in $backends; do
	mkdir "/tmp/in-$backend" # a socket has a name there
	cd "/tmp/in-$backend" || exit
	capture "sockets-$backend" "$backend" net,conn,poll,sockopt,retrans /job/sockets_program stream4 stream6 \
		datagrams4 datagrams6 local failures options waiting retransmits
	sockets_of "/out/sockets-$backend.capture" "/tmp/sockets-$backend.out" > "/out/sockets-$backend"
done
check "sockets: there are events of each part" test "$(grep -c '^== ' /out/sockets-stap)" -eq \
	"$(sort -u /out/sockets-stap | grep -c '^== ')" -a "$(grep -c '^net_send' /out/sockets-stap)" -ge 10
check "sockets: each kind of event" test "$(grep -oE '^(conn|poll|sockopt|net)_\w+' /out/sockets-stap | sort -u | wc -l)" -ge 15
[ "$backends" = stap ] || check "both backends tell the same of sockets" diff /out/sockets-stap /out/sockets-bpf
