# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# The job of tests/vm/machine.sh.
# shellcheck source=../job_lib.sh
. /usr/lib/ioriot/job_lib.sh
program='set -e
	mkdir -p a/b
	seq 1000 | sort -r | tee a/numbers | tail -n 3 > a/b/tail
	tar -cf a.tar a
	mkdir c
	tar -xf a.tar -C c
	mv c/a/b c/b
	ln -s b/tail c/link
	cat c/link a/b/tail > c/both
	rm a/numbers'

for fs in ext4 xfs btrfs; do
	mkdir "/mnt/$fs/work"
	cd "/mnt/$fs/work" || exit
	equal "$fs is mounted" "$(findmnt -n -o FSTYPE -T .)" $fs
	check "$fs: capture" ioriot -c "/tmp/$fs.capture" -- sh -c "$program"
	check "$fs: capture is sound" $lib/capture_check.py "/tmp/$fs.capture"
	replays "$fs" "/tmp/$fs.capture" "/mnt/$fs/work" "1 1" "2 4"
done

mkdir -p /home/user/root
chown user: /home/user/root
cd /home/user || exit
check "user: capture" as user ioriot -c u.capture -- sh -c "mkdir w; cd w; $program"
check "user: generate" as user ioriot -c u.capture -r u.replay -n u --root /home/user/root
check "user: init" as user ioriot -i u.replay
check "user: replay" as user ioriot -r u.replay -D
check "user: equal trees" as user $lib/treecmp.py --holes w root/.ioriot/u/home/user/w
cp /tmp/ext4.capture /out
