# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# The job of tests/vm/remaps.sh: a disk with a partition, one that the device mapper cuts into pieces, and one with two
# paths, of which it sends on requests.
# shellcheck source=../job_lib.sh
. /usr/lib/ioriot/job_lib.sh
# shellcheck source=../../conservation_lib.sh
. /job/conservation_lib.sh
# of the library
# shellcheck disable=SC2034
conserve_tools=/job

disk=$(findmnt -n -o SOURCE /mnt/xfs)
umount /mnt/xfs
modprobe dm_mod
modprobe dm_multipath
modprobe dm_round_robin
cd /out || exit
mkdir fs

# A table with one of them: of Linux, from sector 4096 on, 812000 sectors.
printf '\0\0\0\0\x83\0\0\0\0\x10\0\0\xe0\x63\x0c\0' | dd of="$disk" bs=1 seek=446 conv=notrunc 2> /dev/null
printf '\x55\xaa' | dd of="$disk" bs=1 seek=510 conv=notrunc 2> /dev/null
check "the disk has a partition" blockdev --rereadpt "$disk"
echo "0 812000 linear $disk 4096" > partition
# Pieces of 50 KiB, each two of which have changed places: what is written at once goes to many.
for i in $(seq 0 4095); do
	echo "$((i * 100)) 100 linear $disk $((8192 + (i ^ 1) * 100))"
done > linear
# Two paths to the same disk, each for so many requests in turns.
echo "0 800000 multipath 0 0 1 1 round-robin 0 2 1 $disk 3 $disk 3" > paths
echo "0 800000 linear $disk 0" > same

backends=stap
ioriot --check 2>&1 | grep -q 'ok *backend *part of this build' && backends='stap bpf'
for backend in $backends; do
	# shellcheck disable=SC2034
	conserve_capture=(ioriot --backend="$backend" --buffer=64)
	check "$backend: a file system in the partition" mke2fs -q -F -t ext4 -b 4096 "${disk}1"
	conserve "partition-$backend" "${disk}1" "$disk" partition -
	device=$(python3 /job/device_mapper.py create pieces linear)
	check "$backend: a file system in pieces" mke2fs -q -F -t ext4 -b 4096 "$device"
	conserve "linear-$backend" "$device" "$disk" linear -
	# each byte was told once where it came from, and where it went
	equal "linear-$backend: what was queued was sent on" \
		"$(recorded "linear-$backend.host.capture" block_remap "$disk")" \
		"$(recorded "linear-$backend.host.capture" block_queue "$device")"
	equal "linear-$backend: nothing was dropped" \
		"$(grep -oP 'o=layer_sum;.*;:,L=\K\d+' "linear-$backend.capture" | sort -u)" 0
	check "the device goes" python3 /job/device_mapper.py remove pieces
	device=$(python3 /job/device_mapper.py create several paths)
	check "$backend: a file system with two paths" mke2fs -q -F -t ext4 -b 4096 "$device"
	conserve "multipath-$backend" "$device" "$disk" same -
	equal "multipath-$backend: what was queued was sent on" \
		"$(recorded "multipath-$backend.host.capture" block_remap "$disk")" \
		"$(recorded "multipath-$backend.host.capture" block_queue "$device")"
	equal "multipath-$backend: nothing was dropped" \
		"$(grep -oP 'o=layer_sum;.*;:,L=\K\d+' "multipath-$backend.capture" | sort -u)" 0
	check "the device with two paths goes" python3 /job/device_mapper.py remove several
done
