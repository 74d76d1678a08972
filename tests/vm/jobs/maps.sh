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

# Maps that are there already.
mkdir /mnt/ext4/attached
cd /mnt/ext4/attached || exit
seq 40000 > private
/job/attached_maps &
program=$!
await test -e ../pid
begin attached -x $program
touch ../go
wait $program
equal "attached: the program" $? 0
ended attached
cd / || exit
check "attached: capture is sound" $lib/capture_check.py --attached /tmp/attached.capture
equal "attached: its maps" "$(grep -c 'o=state_map;' /tmp/attached.capture)" 4
check "attached: page faults on them" grep -q 'o=map_write;:.*v=819200+4096' /tmp/attached.capture
rm /mnt/ext4/pid /mnt/ext4/go
replays attached /tmp/attached.capture "" "1 1" "2 8"
cp /tmp/attached.capture /out
