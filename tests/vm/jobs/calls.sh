# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# The job of tests/vm/calls.sh: each operation with all its arguments, and processes that run already.
# shellcheck source=../job_lib.sh
. /usr/lib/ioriot/job_lib.sh
# shellcheck source=programs.sh
. /job/programs.sh
replay_user=root

mkdir /mnt/ext4/calls
begin calls
for op in $(/job/op_calls --list); do
	mkdir -m 777 "/mnt/ext4/calls/$op"
	cd "/mnt/ext4/calls/$op" || exit
	/job/op_calls "$op" >> /out/calls.stdout
	equal "$op: made" $? 0
done
end calls
check "calls: capture is sound" $lib/capture_check.py --attached /tmp/calls.capture

# Rings: as ptrace records them; with threads; and one that a thread of the kernel serves, which ptrace
# cannot record.
declare -A small=([ptrace]='' [stap]=--buffer=8)
for backend in ptrace stap; do
	rm -rf /mnt/ext4/rings
	mkdir /mnt/ext4/rings
	cd /mnt/ext4/rings || exit
	check "rings: $backend" ioriot --quiet -c "/out/$backend-rings.capture" --backend=$backend \
		${small[$backend]:+"${small[$backend]}"} -- /job/uring_program ordered
done
cd / || exit
replays rings /out/stap-rings.capture /mnt/ext4/rings
mkdir -p /mnt/xfs/rings/threads /mnt/xfs/rings/polled
cd /mnt/xfs/rings || exit
check "polled: capture" ioriot --quiet -c /out/polled.capture --backend=stap --buffer=8 -- \
	sh -c 'cd threads && /job/uring_program && cd ../polled && /job/uring_program polled'
cd / || exit
replays polled /out/polled.capture /mnt/xfs/rings "2 4"

# 32-bit calls, of a 64-bit program and of one that has no others.
for backend in ptrace stap; do
	rm -rf /mnt/ext4/compat
	mkdir -p /mnt/ext4/compat/w
	cd /mnt/ext4/compat || exit
	head -c 1000000 /dev/zero | tr '\0' x > start
	check "compat: $backend" ioriot --quiet -c "/out/$backend-compat.capture" --backend=$backend \
		${small[$backend]:+"${small[$backend]}"} -- \
		sh -c '/job/int80 && /job/compat32 > /dev/null && /job/rings32 && /job/aio32 mix'
done

# Threads in the middle of their work.
fresh threads
mkfifo /tmp/go
/job/threads $where_threads 4 40 /tmp/go > /out/running.stdout &
program=$!
await test -e $where_threads/t3-1
begin running -x $program
echo > /tmp/go
wait $program
equal "running: the program ran" $? 0
ended running
cd / || exit
replays running /tmp/running.capture $where_threads

# A shell that waits, and its child that waits for something else.
fresh tar
fresh pipeline
mkfifo /tmp/go1 /tmp/go2
sh -c '(cd "$1"; read go < /tmp/go1; exec /job/run_tar) & cd "$2"; read go < /tmp/go2; /job/run_pipeline; wait' \
	- $where_tar $where_pipeline > /dev/null &
program=$!
# both are asleep in their open
await holds "/proc/$program/syscall" '257 0xffffff9c'
child=$(cut -d ' ' -f 1 "/proc/$program/task/$program/children")
await holds "/proc/$child/syscall" '257 0xffffff9c'
begin waiting -x $program
echo > /tmp/go2
echo > /tmp/go1
wait $program
equal "waiting: the program ran" $? 0
ended waiting
cd / || exit
replays waiting /tmp/waiting.capture "$where_tar $where_pipeline"
fresh tar
ioriot -c /out/ptrace-tar.capture --backend=ptrace --quiet -- /job/run_tar
fresh pipeline
ioriot -c /out/ptrace-pipeline.capture --backend=ptrace --quiet -- /job/run_pipeline
cd / || exit

# Names as long as they can be, and longer.
cat > /job/run_long << 'END'
#!/bin/sh
path=
while [ ${#path} -lt 4080 ]; do path=./$path; done
for name in file aaaaaaaaaaaaaaa aaaaaaaaaaaaaaaa "$path"; do
	(: < "$path$name") 2> /dev/null
done
exit 0
END
chmod +x /job/run_long
mkdir /mnt/ext4/long
cd /mnt/ext4/long || exit
touch file
check "long: ptrace" ioriot --quiet -c /out/ptrace-long.capture --backend=ptrace -- /job/run_long
check "long: stap" ioriot --quiet -c /out/stap-long.capture --backend=stap --buffer=8 -- /job/run_long

# The scenario of that name, on each file system.
TESTS=/tmp/tests
mkdir $TESTS
touch $TESTS/scenario_lib.sh
scenario() { command_changes=("${@:3}"); }
scenario_as_user() { :; }
done_testing() { :; }
# shellcheck source=../../scenarios/changes.sh
. /job/changes.sh
for place in /mnt/ext4 /mnt/xfs /mnt/btrfs; do
	name=changes-${place##*/}
	mkdir $place/changes
	cd $place/changes || exit
	setup
	check "$name: capture" ioriot -c "/tmp/$name.capture" --backend=stap --buffer=8 -- "${command_changes[@]}"
	cp "/tmp/$name.capture" /out
	check "$name: capture is sound" $lib/capture_check.py "/tmp/$name.capture"
	cd / || exit
	check "$name: explained by its own calls" sh -c "ioriot -c /tmp/$name.capture -r /tmp/own.replay -n own 2>&1 |
		awk '/made by others|contradict/ { print; bad = 1 } END { exit bad }'"
	check "$name: the link that was replaced" grep -q "p=$place/changes/releases/current;:,P=1;" \
		"/tmp/$name.capture"
	check "$name: the mode that was changed" grep -q "p=$place/changes/old/deep/file5;:,x=[0-9:]*:0100644:" \
		"/tmp/$name.capture"
	replays "$name" "/tmp/$name.capture" $place/changes
done
