#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# No byte is lost or told twice on the way from the call to the disk: buffered, synced, direct and mapped, on each file
# system, against what the kernel counts for processes and disks and where the file system says that files are.
# time-limit: 300
# shellcheck source=../lib.sh
. "$TESTS/lib.sh"
# shellcheck source=../bpf_lib.sh
. "$TESTS/bpf_lib.sh"

if [ -z "${LAYERS_ALONE-}" ]; then
	bpf_or_skip "conservation"
	if ! losetup -f >/dev/null 2>&1 || ! unshare --mount true 2>/dev/null; then
		skip "conservation" "this host has no loop devices or mount namespaces"
		done_testing
	fi
	LAYERS_ALONE=yes exec unshare --mount --propagation private "$0"
fi

loop=
trap '[ -z "$loop" ] || losetup -d "$loop"' EXIT

# Bytes that the device has read and written so far.
moved() { # DEVICE
	local counted
	read -ra counted <"/sys/class/block/${1#/dev/}/stat"
	echo $((counted[2] * 512)) $((counted[6] * 512))
}
# The same of the requests that were over in a capture.
recorded() { # CAPTURE DEVICE
	awk -F ';:,' -v device=";:,y=0x$(printf %x "$((0x$(stat -c %t "$2") * 256 + 0x$(stat -c %T "$2")))");" '
		/;:,o=block_done;/ && index($0, device) {
			for (i = 1; i <= NF; i++) {
				if ($i ~ /^c=/) bytes = substr($i, 3)
				if ($i ~ /^F=0x/) operation = substr($i, length($i) - 1)
			}
			sum[operation ~ /(^x|0)0$/ ? 0 : operation ~ /(^x|0)1$/ ? 1 : 2] += bytes
		}
		END { printf "%.0f %.0f\n", sum[0], sum[1] }' "$1"
}

# The one that records all requests of the host is there before the file system is mounted, and until it is gone.
conserve() { # NAME DEVICE DISK START
	local name=$1 device=$2 disk=$3 start=$4 before after case all chunks=-
	"$IORIOT" -c "$name.host.capture" -L block --backend=bpf 2>"$name.host.said" &
	all=$!
	check "$name: the host is recorded" await grep -q 'attached, recording' "$name.host.said"
	before=$(moved "$disk")
	# the words are for sh
	# shellcheck disable=SC2016
	"$IORIOT" -c "$name.capture" -L sys,block,cache --backend=bpf -- sh -ec '
		mount "$1" fs
		for case in buffered fsync direct mmap; do
			python3 "$2" fs $case
		done
		umount fs' sh "$device" "$TESTS/e2e/conservation_program.py" >"$name.counted" 2>"$name.said"
	equal "$name: recorded, but for what mount changes" "$? $(grep 'o=lost;' "$name.capture" |
		grep -vc 'what is mounted during a capture')" "3 0" || cat "$name.said"
	after=$(moved "$disk")
	kill -INT $all
	wait $all
	equal "$name: what the disk counted are the requests" "$(recorded "$name.host.capture" "$disk")" \
		"$((${after% *} - ${before% *})) $((${after#* } - ${before#* }))"
	if [ "$name" = btrfs ]; then
		chunks=chunks
		btrfs inspect-internal dump-tree -t chunk "$device" | awk '
			/CHUNK_ITEM/ { gsub(/[()]/, ""); for (i = 1; i < NF; i++) if ($i == "CHUNK_ITEM") at = $(i + 1) }
			/length [0-9]+ owner/ { length_of = $2 }
			/stripe 0 devid/ { print at, length_of, $NF }' >chunks
	fi
	mount -o ro "$device" fs
	for case in buffered fsync direct mmap; do
		check "$name: $case, byte by byte" "$TESTS/e2e/conservation_check.py" "fs/$case" $case "$name.capture" \
			"$name.counted" "$start" $chunks
	done
	umount fs
}

make_fs() { # TYPE DEVICE: with blocks as large as pages, which small ext4 would not have
	case $1 in
	ext*) mkfs."$1" -q -b 4096 "$2" ;;
	*) mkfs."$1" -q "$2" ;;
	esac
}

mkdir fs
for fs in ext4 ext2 xfs btrfs; do
	truncate -s 400M $fs.image
	loop=$(losetup --show -f $fs.image)
	if ! command -v mkfs.$fs >/dev/null; then
		skip "conservation on $fs" "this host has no mkfs.$fs"
	elif ! make_fs $fs "$loop" >mkfs.out 2>&1 || ! mount "$loop" fs 2>mount.err; then
		skip "conservation on $fs" "this host cannot mount it: $(tr '\n' ' ' <mount.err)"
	else
		umount fs
		conserve $fs "$loop" "$loop" 0
	fi
	losetup -d "$loop"
	loop=
done

# a partition: what is queued counts from its beginning, what the disk gets from that of the disk
truncate -s 400M parted.image
# a table with one of them: of Linux, from sector 4096 on, 812000 sectors
printf '\0\0\0\0\x83\0\0\0\0\x10\0\0\xe0\x63\x0c\0' | dd of=parted.image bs=1 seek=446 conv=notrunc status=none
printf '\x55\xaa' | dd of=parted.image bs=1 seek=510 conv=notrunc status=none
loop=$(losetup --show -Pf parted.image)
if [ ! -b "${loop}p1" ]; then
	skip "conservation on a partition" "loop devices have no partitions here"
elif make_fs ext4 "${loop}p1"; then
	conserve partition "${loop}p1" "$loop" 4096
fi
losetup -d "$loop"

# the same by the device mapper, as LVM has it
loop=$(losetup --show -f parted.image)
if ! dmsetup targets 2>/dev/null | grep -q '^linear '; then
	skip "conservation on dm-linear" "this kernel has no device mapper"
else
	dmsetup create ioriot_test --table "0 800000 linear $loop 8192"
	make_fs ext4 /dev/mapper/ioriot_test
	conserve linear /dev/mapper/ioriot_test "$loop" 8192
	dmsetup remove ioriot_test
fi
done_testing
