#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# usage: scripts/workloads.sh [FS...]
#
# Records and replays the programs of tests/workloads ($WORKLOADS: these tests instead): where temporary
# files are, or on each of the file systems FS (ext4, xfs, btrfs, tmpfs, overlay), which are made for it;
# that needs root. They are in files in $TMPDIR or /var/tmp.
#
# Each runs in namespaces of its own: when they end, however that comes, no process, mount or loop device
# is left.
set -u
cd "$(dirname "$0")/.." || exit 1

# The names must be split into words.
# shellcheck disable=SC2086
[ $# -eq 0 ] && exec tests/run ${WORKLOADS:-workloads}

mounted() { # FS
	case $1 in
	tmpfs) mount -t tmpfs -o size=6g tmpfs "$base/mnt" ;;
	ext4 | overlay) mke2fs -q -t ext4 "$base/image" && mount -o loop "$base/image" "$base/mnt" ;;
	xfs | btrfs) "mkfs.$1" "$base/image" >"$base/log" && mount -o loop "$base/image" "$base/mnt" ;;
	*)
		echo "workloads: $1 is not one of ext4, xfs, btrfs, tmpfs, overlay" >&2
		return 1
		;;
	esac || return 1
	[ "$1" = overlay ] || return 0
	mount --move "$base/mnt" "$base/below" &&
		mkdir "$base/below/lower" "$base/below/upper" "$base/below/work" &&
		mount -t overlay -o "lowerdir=$base/below/lower,upperdir=$base/below/upper,workdir=$base/below/work" \
			overlay "$base/mnt"
}

if [ "$1" = --inside ]; then
	base=$2
	mounted "$3" && chmod 1777 "$base/mnt" || exit 1
	echo "== $3"
	# shellcheck disable=SC2086
	TMPDIR=$base/mnt exec tests/run ${WORKLOADS:-workloads}
fi

if [ "$(id -u)" -ne 0 ]; then
	echo "workloads: only root can make file systems; without FS it runs where temporary files are" >&2
	exit 1
fi
base=$(mktemp -d "${TMPDIR:-/var/tmp}/ioriot-workloads.XXXXXX") || exit 1
inside=
# shellcheck disable=SC2317 # by the trap
leave() {
	if [ -n "$inside" ]; then
		kill -KILL "$inside" 2>/dev/null # and with it all that is in its namespaces
		wait "$inside" 2>/dev/null
	fi
	rm -rf "$base"
}
trap leave EXIT
trap 'exit 1' INT TERM HUP
chmod 755 "$base" # replays run as an ordinary user
mkdir "$base/mnt" "$base/below"
status=0
for fs; do
	truncate -s 6G "$base/image"
	setpriv --pdeathsig KILL -- unshare --mount --pid --fork --kill-child --mount-proc \
		scripts/workloads.sh --inside "$base" "$fs" &
	inside=$!
	wait "$inside" || status=1
	inside=
	rm -f "$base/image" # what is still attached to it goes with its last process
done
exit $status
