# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# The job of tests/vm/layers.sh: the same programs with both backends of the kernel.
# shellcheck source=../job_lib.sh
. /usr/lib/ioriot/job_lib.sh
# shellcheck source=../../layers_lib.sh
. /job/layers_lib.sh
layers_tools=/job

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
# What happened to a file, in bytes: requests may be cut where the other backend's are not.
bytes_of() { # CAPTURE FILE
	of_file "/out/$1.capture" "$2" '\w+' | grep -oP ';:,o=\K(block_queue|block_done|cache_get|cache_add|cache_readahead|cache_dirty|cache_writeback|cache_delete);.*' |
		sed -E 's/^(\w+)(;.*)?;:,c=([0-9]+).*/\1 \3/' | awk '{ n[$1] += $2 } END { for (o in n) print o, n[o] }' | sort
}

# Both file systems in one capture: to load what records takes longer than all that is recorded.
for backend in $backends; do
	for fs in ext4 xfs; do
		d=/mnt/$fs/$backend
		mkdir "$d"
		head -c $mib /dev/urandom | tee "$d/read" > "$d/gone"
		sync "$d/read" "$d/gone"
		inode_of "$d/gone" > "/tmp/$fs-$backend-gone"
		/job/layers_uncache.py "$d/read"
	done
	# the words are for sh
	# shellcheck disable=SC2016
	capture "disks-$backend" "$backend" block,cache sh -c 'sh -c "$0" sh "$1" && exec sh -c "$0" sh "$2"' \
		"$layers_program" "/mnt/ext4/$backend" "/mnt/xfs/$backend"
	for fs in ext4 xfs; do
		name=$fs-$backend
		d=/mnt/$fs/$backend
		ln -s "disks-$backend.capture" "/out/$name.capture"
		layers_written "/out/$name.capture" "$d" "$(< "/tmp/$name-gone")"
		for file in direct written read; do
			bytes_of "$name" "$d/$file" > "/tmp/$name-$file"
			[ "$backend" = stap ] || check "$fs: both backends tell the same of $file" \
				diff "/tmp/$fs-stap-$file" "/tmp/$name-$file"
		done
		rm -r "$d" "/out/$name.capture"
	done
done

# --- one in so many, and none
capture some stap cache=16 dd if=/dev/zero of=/mnt/ext4/some bs=4k count=1024
kept=$(grep -c ';:,o=cache_dirty;:,' /out/some.capture)
seen=$(sum_of /out/some.capture cache_dirty n)
check "each page was changed" test "${seen:-0}" -ge 1024
check "one in 16 is a record" test "$kept" -ge $((seen / 16)) -a "$kept" -le $((seen / 16 + 2))
equal "and the sum says so" "$(sum_of /out/some.capture cache_dirty N)" "$kept"
equal "no call is one" "$(grep -c 'o=\(openat\|write\|close\);' /out/some.capture)" 0
capture sums stap cache=0 dd if=/dev/zero of=/mnt/ext4/sums bs=4k count=256
equal "only sums" "$(grep -vc 'o=\(state_mount\|layer_sum\|end\);' /out/sums.capture)" 1
check "of all bytes" test "$(sum_of /out/sums.capture cache_dirty c)" -ge $mib
check "the header has it" grep -q '|layers=cache/0=[a-z_+]*writeback_dirty_folio[a-z_+]*|' /out/sums.capture
equal "nothing is missing" "$(head -n 1 /out/sums.capture | grep -c layers_missing)" 0
for backend in $backends; do
	check "$backend: functions are hooked where no tracepoint is" grep -q '|layers=[^|]*cache=[^|]*+filemap_read+.*+page_cache_ra_unbounded+' \
		"/out/disks-$backend.capture"
done

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
exact /out/attached.capture /mnt/ext4/attached direct $mib
# --- faults: each that the kernel counts for a process, and the pages of a file that it maps; requests of io_uring
for backend in $backends; do
	name=faults-$backend
	head -c 262144 /dev/urandom | tee /mnt/ext4/mapped > /mnt/ext4/counted
	capture "$name" "$backend" fault,uring sh -c '/job/layers_program /mnt/ext4/mapped > /tmp/mapped.out &&
		echo 3 > /proc/sys/vm/drop_caches && /job/counted /job/layers_program /mnt/ext4/counted > /tmp/counted.out &&
		exec /job/rings_program /mnt/ext4/rings'
	read -r base _ < /tmp/mapped.out
	layers_mapped "/out/$name.capture" /mnt/ext4/mapped "$base"
	of_file "/out/$name.capture" /mnt/ext4/mapped page_fault | grep -oP ';:,\KO=\d+;:,f=\d+' > "/tmp/$name"
	read -r pid minor major < <(tail -n 1 /tmp/counted.out)
	equal "$name: minor and major faults of the process" "$(grep -P "^.*;:,i=$pid:.*;:,o=page_fault;" \
		"/out/$name.capture" | grep -oP ';:,f=\K\d+' |
		awk '{ n[$1 >= 4]++ } END { print n[0] + 0, n[1] + 0 }')" "$((minor - 1)) $major" # execve(2): its arguments
	check "$name: some of each" test "$minor" -gt 20 -a "$major" -gt 0
	layers_rings "/out/$name.capture" "/tmp/$name.out" /mnt/ext4/rings
	sed -n 's/ [rx]=[^ ]*//g; /^ring_/p' events | sort > "/tmp/rings-$backend" # workers take turns
done
[ "$backends" = stap ] || check "both backends tell the same faults of a file" diff /tmp/faults-stap /tmp/faults-bpf
[ "$backends" = stap ] || check "both backends tell the same of rings" diff /tmp/rings-stap /tmp/rings-bpf

# --- bytes of sockets, whether a call moves them or not
for backend in $backends; do
	name=transfers-$backend
	capture "$name" "$backend" net /job/transfers_program
	layers_transfers "/out/$name.capture" "/tmp/$name.out"
	equal "$name: no hook is dead or was not tried" "$(head -n 1 "/out/$name.capture" | grep -cE 'layers_(silent|untried|missing)')" 0
done

# --- the self-test: hooks that are attached and not called
try() { # NAME LAYERS: a capture on a disk
	ioriot -c "/mnt/ext4/$1.capture" -L "$2" --backend=stap --buffer=8 -- true 2> "/out/$1.said"
	equal "$1: status" $? 0 || cat "/out/$1.said"
	cp "/mnt/ext4/$1.capture" /out
	tried=$1
}
header() { # KEY: its value in the header of the latest one
	head -n 1 "/out/$tried.capture" | grep -oP "\|$1=\K[^|]*"
}
try tried-all all
equal "no hook is silent" "$(header layers_silent)" ""
rare=block_split,block_bio_remap,block_bio_backmerge,block_bio_frontmerge,block_rq_remap,block_rq_requeue,__iomap_dio_rw
rare=$rare,mm_vmscan_lru_shrink_inactive
equal "what was not tried" "$(header layers_untried | tr , '\n' | grep -vxF "${rare//,/$'\n'}")" ""
echo 0 > /sys/kernel/debug/kprobes/enabled # no function that is hooked calls us
try tried-none sys,block
echo 1 > /sys/kernel/debug/kprobes/enabled
dead=vfs_unlink,vfs_rmdir,vfs_rename,notify_change,vfs_setxattr,filemap_map_pages,filemap_fault,shmem_fault,do_page_mkwrite
equal "hooks that are dead" "$(header layers_silent)" "$dead,io_wq_submit_work"
check "and are named" grep -q "^ioriot: attached, but not called when tried: $dead,io_wq_submit_work$" /out/tried-none.said
check "the others record" grep -q ';:,o=exit_group;' /out/tried-none.capture

# --- single files, and the commands of a capture that runs
for backend in $backends; do
	mkdir "/mnt/ext4/files-$backend"
	TESTS=/job/tests SOURCE=/job IORIOT=$(command -v ioriot) TEST_TMP=/mnt/ext4/files-$backend \
		WATCH_BACKEND=$backend bash /job/tests/e2e/files.sh < /dev/null | sed "s/^\\(not \\)\\?ok /&$backend: /"
done

# --- sockets and waiting: each call of a program, with its bytes, addresses and errors
# What the processes of each part say, without times, numbers of processes and ports.
sockets_of() { # CAPTURE OUTPUT
	local part pid client server what of
	while read -r part pid client server; do
		echo "== $part"
		what='(net|conn|poll|sockopt)_(?!state)' of=";:,i=$pid:"
		# they come in interrupts; other connections have some too where the machine is slow
		[ "$part" = retransmits ] && what=retrans_ of=";:,p=[^;]*:$client;"
		grep -P ";:,o=$what" "$1" | grep "$of" |
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
	# states change in interrupts, so that their order is not always the same
	grep -oP ';:,o=conn_state;:,\K.*' "/out/sockets-$backend.capture" |
		sed -E 's/q=[1-9][0-9]*/q=N/; s/(:[1-9][0-9]*)(;:,)/:PORT\2/g' | sort > "/out/states-$backend"
done
check "sockets: there are events of each part" test "$(grep -c '^== ' /out/sockets-stap)" -eq \
	"$(sort -u /out/sockets-stap | grep -c '^== ')" -a "$(grep -c '^net_send' /out/sockets-stap)" -ge 10
check "sockets: each kind of event" test "$(grep -oE '^(conn|poll|sockopt|net)_\w+' /out/sockets-stap | sort -u | wc -l)" -ge 15
# stream4 and stream6; of retransmits there are more
check "sockets: each state" test "$(grep -cE '^n=[1-9]0?;:,N=([1-9]|10);:,q=N;' /out/states-stap)" -ge 20
[ "$backends" = stap ] || check "both backends tell the same states" diff /out/states-stap /out/states-bpf
[ "$backends" = stap ] || check "both backends tell the same of sockets" diff /out/sockets-stap /out/sockets-bpf
