#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# time-limit: 300
# Block requests, page cache and faults with BPF: each byte is there, once, from the call to the disk.
# shellcheck source=../lib.sh
. "$TESTS/lib.sh"
# shellcheck source=../bpf_lib.sh
. "$TESTS/bpf_lib.sh"

# File systems of its own, that no other test sees.
if [ -z "${LAYERS_ALONE-}" ]; then
	bpf_or_skip "layers with BPF"
	if ! losetup -f >/dev/null 2>&1 || ! unshare --mount true 2>/dev/null; then
		skip "layers with BPF" "this host has no loop devices or mount namespaces"
		done_testing
	fi
	LAYERS_ALONE=yes exec unshare --mount --propagation private "$0"
fi

capture() { # NAME LAYERS COMMAND...
	local name=$1 layers=$2
	shift 2
	"$IORIOT" -c "$name.capture" -L "$layers" --backend=bpf -- "$@" >"$name.out" 2>"$name.said" </dev/null
	equal "$name: status" $? 0 || cat "$name.said"
}
exact() { # NAME FILE HOW LENGTH
	check "$1: $2, $3: to the byte" "$TESTS/e2e/layers_check.py" "$1.capture" "$2" "$3" "$4"
}
count() { grep -c ";:,o=$2;:," "$1.capture"; } # NAME OPERATION
inode_of() { stat -c '%Hd:%Ld:%i' "$1"; }
of_file() { # NAME FILE OPERATION
	grep -P ";:,o=$3;:,.*x=$(inode_of "$2"):" "$1.capture"
}
sum_of() { # NAME OPERATION KEY: of its layer_sum
	grep -oP "o=layer_sum;:,p=$2;:,.*?$3=\K\d+" "$1.capture"
}

mib=$((1 << 20))
for fs in ext4 xfs; do
	truncate -s 400M $fs.image
	mkdir -p $fs
	if ! command -v mkfs.$fs >/dev/null; then
		skip "requests on $fs" "this host has no mkfs.$fs"
		continue
	elif ! mkfs.$fs -q $fs.image >mkfs.out 2>&1 || ! mount -o loop $fs.image $fs 2>mount.err; then
		skip "requests on $fs" "this host cannot mount it: $(tr '\n' ' ' <mount.err)"
		continue
	fi

	head -c 4194304 /dev/urandom | tee $fs/read >$fs/gone
	sync $fs/read $fs/gone
	gone=$(inode_of $fs/gone)
	"$TESTS/e2e/layers_uncache.py" $fs/read
	# the words are for sh
	# shellcheck disable=SC2016
	capture $fs block,cache sh -c 'cd "$1" || exit
		sh -c "echo \$\$ >direct.pid; exec dd if=/dev/zero of=direct bs=1M count=8 oflag=direct"
		sh -c "echo \$\$ >written.pid; exec dd if=/dev/zero of=written bs=64k count=64"
		sync written
		dd if=read of=/dev/null bs=64k
		dd if=read of=/dev/null bs=64k
		cat gone
		rm gone' sh $fs

	# past the page cache
	exact $fs $fs/direct direct $((8 * mib))
	equal "$fs: direct I/O dirties nothing" "$(of_file $fs $fs/direct cache_dirty | wc -l)" 0
	equal "$fs: its requests are of who wrote" "$(of_file $fs $fs/direct 'block_(queue|issue|done)' |
		grep -vc ";:,q=$(<$fs/direct.pid);:,")" 0

	# through it; another process has it written back
	exact $fs $fs/written written $((4 * mib))
	check "$fs: another process had it written" test -n "$(of_file $fs $fs/written block_queue |
		grep -v ";:,i=$(<$fs/written.pid):")"
	equal "$fs: what is written back is of who wrote" "$(of_file $fs $fs/written '(block_queue|cache_writeback)' |
		grep -vc ";:,q=$(<$fs/written.pid);:,")" 0

	# and back: once from the disk, twice from the cache
	exact $fs $fs/read read $((4 * mib))
	check "$fs: the kernel read ahead" test -n "$(of_file $fs $fs/read cache_readahead)"
	equal "$fs: each call looked into the cache" "$(of_file $fs $fs/read cache_get |
		grep -oP ';:,O=\K\d+' | sort -un | awk '$1 % 65536 == 0' | wc -l)" 64
	# a host that is short of memory, or whose caches somebody drops, may have taken some before
	check "$fs: what is removed leaves the cache, each page once" \
		test "$(grep ";:,o=cache_delete;:,.*x=$gone:" $fs.capture | grep -oP ';:,O=\K\d+' | sort | uniq -c |
			awk '$1 != 1 { bad++ } END { print (NR > 0 && !bad) }')" = 1
done

# --- one in so many, and none

capture some cache=16 dd if=/dev/zero of=some bs=4k count=4096
seen=$(sum_of some cache_dirty n)
kept=$(count some cache_dirty)
check "each page was changed" test "${seen:-0}" -ge 4096
check "one in 16 is a record" test "$kept" -ge $((seen / 16)) -a "$kept" -le $((seen / 16 + $(nproc)))
equal "and the sum says so" "$(sum_of some cache_dirty N)" "$kept"
equal "no call is one" "$(grep -c 'o=\(openat\|write\|close\);' some.capture)" 0
# what the file system keeps of its own is there as well
check "the sum knows all bytes" test "$(sum_of some cache_dirty c)" -ge $((16 * mib))
capture sums cache=0 dd if=/dev/zero of=sums bs=4k count=1024
equal "only sums" "$(grep -vc 'o=\(state_mount\|layer_sum\|end\);' sums.capture)" 1
check "of all bytes" test "$(sum_of sums cache_dirty c)" -ge $((4 * mib))
check "the header has it" grep -q '|layers=cache/0=[a-z_+]*writeback_dirty_folio[a-z_+]*|' sums.capture

# --- faults

check "build" cc -O1 -Wall -o program "$TESTS/e2e/layers_program.c"
head -c 262144 /dev/urandom >mapped
capture faults fault ./program mapped
read -r base _ <faults.out
grep 'o=page_fault;' faults.capture | grep "x=$(inode_of mapped):" >of_file
writes=$(grep -oP ';:,O=\K\d+(?=;:,f=[1357];)' of_file | sort -n | tr '\n' ' ')
equal "each page that was written, once" "$writes" "$(seq -s ' ' 0 4096 258048) "
equal "where the program had it" "$(grep -oP ';:,a=0x\K[0-9a-f]+(?=;:,O=4096;:,f=1;)' of_file)" \
	"$(printf %x $((0x$base + 4096)))"
if [ "$(stat -f -c %T .)" = tmpfs ]; then
	skip "the first look waits for the disk" "tmpfs has none"
else
	equal "the first look waits for the disk" "$(head -n 1 of_file | grep -oP ';:,f=\K\d')" 4
fi
equal "each has a time" "$(grep -c ';:,D=0;' of_file)" 0

# --- all of them together: names come from the calls

if [ "$(stat -f -c %T .)" = tmpfs ]; then
	skip "requests have names" "tmpfs makes none"
else
	capture joined all sh -c 'dd if=/dev/zero of=joined bs=64k count=32 conv=fsync; echo >end'
	mkdir csv
	check "one file for each layer" "$IORIOT" -a joined.capture -L all --export csv:csv
	check "calls, requests, cache and faults are about one file" "$TESTS/e2e/layers_csv.py" csv "$PWD/joined" \
		$((2 * mib))
	"$IORIOT" -a joined.capture >summary
	check "the summary has layers" grep -Eq '^  cache_dirty .* 2\.[0-9] MiB' summary
	equal "and no events among the calls" "$(sed '/^Layers/,$d' summary | grep -c 'block_\|cache_')" 0
	equal "a table of one layer" "$("$IORIOT" -a joined.capture -L block -F 'op==block_queue' --by file |
		awk -v file="$PWD/joined" '$NF == file { print $4, $5 }')" "2.0 MiB"
fi

# --- a process that runs already

mkfifo go
sh -c 'read line <go; dd if=/dev/zero of=attached bs=1M count=1 conv=fsync 2>/dev/null' &
program=$!
"$IORIOT" -c attached.capture -L block --backend=bpf -x $program 2>attached.said &
reader=$!
for ((i = 0; i < 600; i++)); do
	grep -q 'attached, recording' attached.said && break
	sleep 0.1
done
echo >go
wait $program
wait $reader
equal "attached: status" $? 0
if [ "$(stat -f -c %T .)" = tmpfs ]; then
	skip "attached: its requests" "tmpfs makes none"
else
	exact attached attached direct $mib
fi
done_testing
