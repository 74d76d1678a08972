#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# usage: scripts/workloads.sh [FS...]
#
# Records and replays the programs of tests/workloads: where temporary files are, or on each of the file
# systems FS (ext4, xfs, btrfs, tmpfs, overlay), which are made for it; that needs root.
set -u
cd "$(dirname "$0")/.." || exit 1

[ $# -eq 0 ] && exec tests/run workloads

base=$(mktemp -d /var/tmp/ioriot-workloads.XXXXXX) || exit 1
status=0
# shellcheck disable=SC2317 # by the trap
leave() {
	mountpoint -q "$base/mnt" && umount "$base/mnt"
	mountpoint -q "$base/below" && umount "$base/below"
	rm -rf "$base"
}
trap leave EXIT
trap 'exit 1' INT TERM HUP

mounted() { # FS
	truncate -s 6G "$base/image"
	case $1 in
	ext4) mke2fs -q -t ext4 "$base/image" && mount -o loop "$base/image" "$base/mnt" ;;
	xfs | btrfs) "mkfs.$1" "$base/image" >"$base/log" && mount -o loop "$base/image" "$base/mnt" ;;
	tmpfs) mount -t tmpfs -o size=6g tmpfs "$base/mnt" ;;
	overlay) # its directories must be on another kind of file system
		mount -t tmpfs -o size=6g tmpfs "$base/below" &&
			mkdir "$base/below/lower" "$base/below/upper" "$base/below/work" &&
			mount -t overlay -o "lowerdir=$base/below/lower,upperdir=$base/below/upper,workdir=$base/below/work" \
				overlay "$base/mnt"
		;;
	*)
		echo "workloads: $1 is not one of ext4, xfs, btrfs, tmpfs, overlay" >&2
		return 1
		;;
	esac
}

mkdir "$base/mnt" "$base/below"
for fs; do
	mounted "$fs" || exit 1
	chmod 1777 "$base/mnt"
	echo "== $fs"
	TMPDIR=$base/mnt tests/run workloads || status=1
	umount "$base/mnt" || exit 1
	mountpoint -q "$base/below" && umount "$base/below"
	rm -f "$base/image"
done
exit $status
