#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# time-limit: 1800
# stress-ng: its stressors of file systems ($STRESSORS: these), one by one.
# shellcheck source=../scenario_lib.sh
. "$TESTS/scenario_lib.sh"

setup() { :; }

if is_root; then # what root is allowed is not allowed to the user of a replay
	run=(setpriv --reuid=65534 --regid=65534 --clear-groups --)
fi

stressors="${STRESSORS:-access aio aiol chattr chdir chmod chown copy-file dentry dir dirdeep dirmany dnotify dup eventfd
fallocate fcntl fiemap file-ioctl filename flock fpunch fsize fstat getdent handle hdd inode-flags inotify io io-uring
iomix ioprio lease link locka lockf lockofd mknod open readahead rename revio seek sendfile symlink sync-file touch utime
verity xattr}"
for s in $stressors; do
	scenario "$s" . stress-ng --quiet --temp-path . --"$s" 2 --"$s"-ops 40 --timeout 20
done
done_testing
