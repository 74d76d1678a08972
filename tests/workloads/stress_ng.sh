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

stressors="${STRESSORS:-access chattr chdir chmod chown copy-file dentry dir dirdeep dirmany dup eventfd fallocate fcntl
fiemap file-ioctl filename flock fpunch fstat getdent hdd handle io iomix lease link locka lockf lockofd
mknod open rename revio seek sendfile sync-file symlink touch utime xattr}"
for s in $stressors; do
	scenario "$s" . stress-ng --quiet --temp-path . --"$s" 2 --"$s"-ops 40 --timeout 20
done
done_testing
