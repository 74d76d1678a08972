#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# time-limit: 300
# Block requests, page cache and faults with BPF: each byte is there, once, from the call to the disk.
# shellcheck source=../lib.sh
. "$TESTS/lib.sh"
# shellcheck source=../bpf_lib.sh
. "$TESTS/bpf_lib.sh"
# shellcheck source=../layers_lib.sh
. "$TESTS/layers_lib.sh"
layers_tools=$TESTS/e2e

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
count() { grep -c ";:,o=$2;:," "$1.capture"; } # NAME OPERATION

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

	head -c $mib /dev/urandom | tee $fs/read >$fs/gone
	sync $fs/read $fs/gone
	gone=$(inode_of $fs/gone)
	"$TESTS/e2e/layers_uncache.py" $fs/read
	capture $fs block,cache sh -c "$layers_program" sh $fs
	layers_written $fs.capture $fs "$gone"

	# what goes and comes again is there again: a page, and then all of them
	"$TESTS/e2e/layers_uncache.py" $fs/read
	# the words are for sh
	# shellcheck disable=SC2016
	capture $fs-again block,cache sh -c '
		dd if="$1/read" of=/dev/null bs=64k
		"$2" -r 65536 4096 "$1/read"
		dd if="$1/read" of=/dev/null bs=64k
		"$2" "$1/read"
		dd if="$1/read" of=/dev/null bs=64k' sh $fs "$TESTS/e2e/layers_uncache.py"
	exact $fs-again.capture $fs/read read $mib
	equal "$fs: a page that came three times" "$(of_file $fs-again.capture $fs/read cache_add |
		grep -oP ';:,O=\K\d+' | sort | uniq -c | awk '$1 >= 3' | grep -cw 65536)" 1
	check "$fs: another process had it written" test -n "$(of_file $fs.capture $fs/written block_queue |
		grep -v ";:,i=$(<$fs/written.pid):")"
done

# --- one in so many, and none

capture some cache=16 dd if=/dev/zero of=some bs=4k count=4096
seen=$(sum_of some.capture cache_dirty n)
kept=$(count some cache_dirty)
check "each page was changed" test "${seen:-0}" -ge 4096
check "one in 16 is a record" test "$kept" -ge $((seen / 16)) -a "$kept" -le $((seen / 16 + $(nproc)))
equal "and the sum says so" "$(sum_of some.capture cache_dirty N)" "$kept"
equal "no call is one" "$(grep -c 'o=\(openat\|write\|close\);' some.capture)" 0
# what the file system keeps of its own is there as well
check "the sum knows all bytes" test "$(sum_of some.capture cache_dirty c)" -ge $((16 * mib))
capture sums cache=0 dd if=/dev/zero of=sums bs=4k count=1024
equal "only sums" "$(grep -vc 'o=\(state_mount\|layer_sum\|end\);' sums.capture)" 1
check "of all bytes" test "$(sum_of sums.capture cache_dirty c)" -ge $((4 * mib))
check "the header has it" grep -q '|layers=cache/0=[a-z_+]*writeback_dirty_folio[a-z_+]*|' sums.capture

# --- faults

check "build" cc -O1 -Wall -o program "$TESTS/e2e/layers_program.c"
head -c 262144 /dev/urandom >mapped
capture faults fault ./program mapped
read -r base _ <faults.out
layers_mapped faults.capture mapped "$base"

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
	exact attached.capture attached direct $mib
fi
done_testing
