# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# The job of tests/vm/conservation.sh: each way to write a file and to read it again, on disks with xfs and btrfs.
# shellcheck source=../job_lib.sh
. /usr/lib/ioriot/job_lib.sh
# shellcheck source=../../conservation_lib.sh
. /job/conservation_lib.sh
# of the library
# shellcheck disable=SC2034
conserve_tools=/job
cd /out || exit
mkdir fs

backends=stap
ioriot --check 2>&1 | grep -q 'ok *backend *part of this build' && backends='stap bpf'
for fs in xfs btrfs; do
	disk=$(findmnt -n -o SOURCE /mnt/$fs)
	umount /mnt/$fs
	chunks=-
	[ $fs = btrfs ] && chunks="chunks_of $disk"
	for backend in $backends; do
		# of the library
		# shellcheck disable=SC2034
		conserve_capture=(ioriot --backend="$backend" --buffer=32)
		conserve "$fs-$backend" "$disk" "$disk" - "$chunks"
		conserve_synced "$fs-$backend" "$disk"
		equal "$fs-$backend: nothing was dropped" \
			"$(grep -oP 'o=layer_sum;.*;:,L=\K\d+' "$fs-$backend.capture" | sort -u)" 0
		# the next one begins with none of these files
		mount "$disk" fs
		rm -r fs/*
		umount fs
	done
done
