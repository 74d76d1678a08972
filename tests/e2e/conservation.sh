#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# No byte is lost or told twice on the way from the call to the disk: buffered, synced, direct and mapped, on each file
# system, against what the kernel counts for processes and disks and where the file system says that files are.
# time-limit: 600
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

# shellcheck source=../conservation_lib.sh
. "$TESTS/conservation_lib.sh"
# of the library
# shellcheck disable=SC2034
conserve_tools=$TESTS/e2e conserve_capture=("$IORIOT" --backend=bpf)

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
		[ $fs = btrfs ] && chunks="chunks_of $loop" || chunks=-
		conserve $fs "$loop" "$loop" - "$chunks"
		conserve_synced $fs "$loop"
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
	echo "0 812000 linear $loop 4096" >table
	conserve partition "${loop}p1" "$loop" table -
fi
losetup -d "$loop"

# the same by the device mapper, as LVM has it
loop=$(losetup --show -f parted.image)
echo "0 800000 linear $loop 8192" >table
if ! "$TESTS/device_mapper.py" create ioriot_test table >node 2>dm.err; then
	skip "conservation on dm-linear" "this host does not make one: $(tail -n 1 dm.err)"
else
	make_fs ext4 "$(<node)"
	conserve linear "$(<node)" "$loop" table -
	"$TESTS/device_mapper.py" remove ioriot_test
fi
done_testing
