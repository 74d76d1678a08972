# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# The job of tests/vm/loss.sh: a writer at full speed. ioriot is stopped meanwhile, so that nothing is
# read: with a small buffer much is lost, and a large one holds it all.
# shellcheck source=../job_lib.sh
. /usr/lib/ioriot/job_lib.sh
mkdir /mnt/ext4/work

# storm NAME STATUS ROUNDS OPTIONS...: two threads.
storm() {
	local name=$1 status=$2 rounds=$3 program
	shift 3
	sh -c 'kill -STOP $$; exec /job/storm pwrite "$1" 2 /mnt/ext4/work' - "$rounds" > "/out/$name.stdout" &
	program=$!
	await holds "/proc/$program/status" 'T (stopped)'
	begin "$name" -x $program "$@"
	kill -STOP "$capture"
	kill -CONT $program
	wait $program
	equal "$name: the writer ran" $? 0
	kill -CONT "$capture"
	ended "$name" "$status"
}
storm small 3 60000 --buffer=1
storm burst 0 175000 --buffer=64 # the default, where there is enough memory
ioriot -c /tmp/small.capture -r /tmp/small.replay -n small
equal "small: a replay is made, and says that records are lost" $? 3

# ---- processors that come and go
online=/sys/devices/system/cpu/cpu1/online
cpu1() {
	echo "$1" > $online
	equal "processor 1 is $([ "$1" = 1 ] && echo on || echo off)" "$(cat $online)" "$1"
}

# stormy NAME ROUNDS COMMAND...: which is run while two threads write, until it is over.
stormy() {
	local name=$1 rounds=$2 program
	shift 2
	sh -c 'kill -STOP $$; exec /job/storm pwrite "$1+" 2 /mnt/ext4/work' - "$rounds" > "/out/$name.stdout" &
	program=$!
	await holds "/proc/$program/status" 'T (stopped)'
	begin "$name" -x $program --buffer=64
	kill -CONT $program
	await grep -q storm "/proc/$program/comm"
	"$@"
	equal "$name: still at work" "$(cat "/proc/$program/comm")" storm
	kill -TERM $program
	wait $program
	equal "$name: the writer ran" $? 0
}
off_and_on() {
	for _ in 1 2 3; do
		cpu1 0
		read -rt 0.2 -u "$never"
		cpu1 1
		read -rt 0.2 -u "$never"
	done
}
stormy returned 200000 off_and_on
ended returned
cpu1 0
stormy came 200000 cpu1 1
ended came 3

# ---- pages of the cache
# shellcheck disable=SC2016
ioriot -c /out/dropped.capture -L cache,proc --buffer=1 --backend=stap -- sh -c 'kill -STOP $PPID
	dd if=/dev/zero of=/mnt/ext4/work/dropped bs=4k count=20000; kill -CONT $PPID' 2> /tmp/dropped.log
equal "dropped: the status says that something is lost" $? 3 || cat /tmp/dropped.log

# What the table does not have, but a program can do.
cd /mnt/xfs || exit
mkdir place
for backend in stap ptrace; do
	ioriot --quiet -c $backend.capture --backend=$backend -- mount -t tmpfs none place
	equal "a mount, $backend: the status says that something is lost" $? 3
	equal "a mount, $backend: lost line" "$(grep -c ';:,o=lost;:,c=1;:,p=mount: ' $backend.capture)" 1
	check "a mount, $backend: it is there" umount place
done
