# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# The job of tests/vm/maps.sh.
# shellcheck source=../job_lib.sh
. /usr/lib/ioriot/job_lib.sh

for place in /mnt/ext4 /mnt/xfs /mnt/btrfs /tmp; do
	name=$(findmnt -n -o FSTYPE -T "$place")
	check "$name: recorded" sh -c 'ioriot -c "$1" --backend=stap -- /job/faults "$2" > "$3"' - \
		"/out/faults-$name.capture" "$place/f" "/out/faults-$name.stdout"
	check "$name: capture is sound" $lib/capture_check.py "/out/faults-$name.capture"
done

for backend in ptrace stap; do
	mkdir "/mnt/ext4/$backend"
	cd "/mnt/ext4/$backend" || exit
	seq 20000 > before
	name=$backend
	[ $backend = stap ] && name=module
	check "$name: recorded" ioriot -c "/out/$name.capture" --backend=$backend -- /job/maps_program
	cd / || exit
	replay_user=root
	replays "maps-$name" "/out/$name.capture" "/mnt/ext4/$backend" "1 1" "2 8"
done
