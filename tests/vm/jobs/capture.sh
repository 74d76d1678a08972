# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# The job of tests/vm/capture.sh: each program is recorded with ptrace, as a program that ioriot starts,
# as a process that waits for the capture, and with all others in a capture of the whole system.
# shellcheck source=../job_lib.sh
. /usr/lib/ioriot/job_lib.sh
# shellcheck source=programs.sh
. /job/programs.sh
replay_user=root

# recorded NAME FILE OPTIONS...: the program NAME, as one that ioriot starts.
recorded() {
	local -n argv=command_$1
	local file=$2
	fresh "$1"
	shift 2
	ioriot -c "/tmp/$file.capture" "$@" -- "${argv[@]}" > "/out/$file.stdout" 2> "/tmp/$file.log"
	equal "$file: capture: $(tail -n 1 "/tmp/$file.log")" $? 0
	check "$file: capture is sound" $lib/capture_check.py "/tmp/$file.capture"
	cp "/tmp/$file.capture" /out
}

# It stops itself, and becomes the program when it goes on.
recorded_waiting() { # NAME FILE
	local -n argv=command_$1
	local program
	fresh "$1"
	sh -c 'kill -STOP $$; exec "$@"' - "${argv[@]}" > "/out/$2.stdout" &
	program=$!
	await holds "/proc/$program/status" 'T (stopped)'
	begin "$2" -x $program
	kill -CONT $program
	wait $program
	equal "$2: the program ran" $? 0
	ended "$2"
	check "$2: capture is sound" $lib/capture_check.py "/tmp/$2.capture"
}

run_all() {
	local name
	for name in $programs; do
		local -n argv=command_$name
		fresh "$name"
		"${argv[@]}" >> /out/system.stdout
		equal "system: $name ran" $? 0
	done
}

for name in $programs; do
	declare -n directory=where_$name
	recorded "$name" "ptrace-$name" --backend=ptrace
	recorded "$name" "command-$name" --backend=stap --buffer=8
	replays "command-$name" "/tmp/command-$name.capture" "$directory"
	recorded_waiting "$name" "pid-$name"
	replays "pid-$name" "/tmp/pid-$name.capture" "$directory"
done
begin system
run_all
end system
cd / || exit
all="$where_matrix $where_tar $where_sqlite $where_threads $where_pipeline"
replays system /tmp/system.capture "$all" "1 1" "2 8"
mkdir /mnt/ext4/root
replay_root=/mnt/ext4/root
replays below /tmp/system.capture "$all"
