# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# The job of tests/soak/old_kernel.sh: the same programs with ptrace and with BPF.
# shellcheck source=../job_lib.sh
. /usr/lib/ioriot/job_lib.sh

matches() { # NAME FILE PATTERN...
	local name=$1 file=$2 pattern
	shift 2
	for pattern in "$@"; do
		check "$name: $pattern" grep -qE "$pattern" "$file" || sed 's/^/    /' "$file"
	done
}

# What rings do has no tracepoints that tell enough. Maps of bpf(2) are locked memory here, ours of the same user.
cat >/tmp/ops.sh <<'END'
ulimit -l unlimited
for op in $(/job/op_calls --list | grep -v io_uring); do
	mkdir -m 777 "dir-$op"
	(cd "dir-$op" && exec /job/op_calls "$op") || echo "$op: status $?" >&2
done
END
cat >/tmp/programs.sh <<'END'
mkdir tree && cp -r /usr/lib/python3.11/json /usr/lib/python3.11/collections tree
find tree -exec touch -d @1000000000 {} + # what tar says of them
tar -cf tree.tar tree && mkdir copy && tar -C copy -xf tree.tar && rm -r tree
find copy -type f -exec grep -c import {} + >counts
for i in 1 2 3; do
	sqlite3 db 'create table if not exists t (a, b); insert into t values (1, 2); update t set a = a + 1;'
done
python3 -c 'import json; json.dump(list(range(1000)), open("numbers", "w"))'
END
export PYTHONDONTWRITEBYTECODE=1 # or the second run finds more files than the first
for backend in ptrace "bpf --buffer=8"; do
	for what in ops programs; do
		rm -rf /mnt/ext4/work
		mkdir /mnt/ext4/work
		cd /mnt/ext4/work || exit
		# a pipe: as a file their output, which they look at, would be as long as numbers of processes are
		# shellcheck disable=SC2086
		ioriot --quiet -c "/out/$what-${backend% *}.capture" --backend=$backend -- \
			sh "/tmp/$what.sh" 2>/tmp/said | cat >"/out/$what-${backend% *}.stdout"
		equal "$what: $backend: status, and what is said" "${PIPESTATUS[0]} $(cat /tmp/said)" "0 "
	done
done

# rings: lost, which is said
cd "$(mktemp -d)" || exit
ioriot -c /tmp/rings.capture --backend=bpf --buffer=8 -- /job/op_calls io_uring_enter >/dev/null 2>/tmp/said
equal "rings: the exit status of what is lost" $? 3
matches "rings" /tmp/rings.capture 'o=lost;:,c=1;:,p=io_uring' '^#.*hooks=[a-z_,]*task_rename[^a-z_,]'

# a process that runs, with a child and files that are open
mkfifo /tmp/go /tmp/gone
(
	cd /mnt/ext4/work || exit
	exec 7>seven
	read -r _ </tmp/go
	echo from the process >&7
	cat seven
	sh -c 'read -r _ </tmp/gone; echo from its child >>seven'
) >/dev/null &
process=$!
ioriot -c /out/process.capture --backend=bpf --buffer=8 -x $process >/tmp/said 2>&1 &
for ((i = 0; i < 600; i++)); do
	grep -q 'attached, recording' /tmp/said && break
	sleep 0.1
done
: >/tmp/go
: >/tmp/gone
wait $process
wait
matches "a process" /out/process.capture 'o=state_fd;:,d=7;.*seven' 'o=write;:,d=1;:,c=17;:,s=17' \
	'o=write;:,d=1;:,c=15;:,s=15' 'o=openat;.*p=seven'

# the whole host, of it one program
ioriot -c /out/host.capture --backend=bpf --buffer=8 --comm=cat >/tmp/said 2>&1 &
capture=$!
for ((i = 0; i < 600; i++)); do
	grep -q 'attached, recording' /tmp/said && break
	sleep 0.1
done
cat /mnt/ext4/work/seven >/dev/null
tail -n 1 /mnt/ext4/work/seven >/dev/null
sleep 1
kill -INT $capture
wait $capture
equal "the host: status" $? 0
matches "the host" /out/host.capture 'o=openat;.*p=/mnt/ext4/work/seven'
equal "the host: one program of it" "$(grep -c 'o=openat;.*p=/mnt/ext4/work/seven;' /out/host.capture)" 1

ioriot -c /tmp/a.capture --backend=auto --buffer=8 -L sys,block,cache -- true >/tmp/said 2>&1
equal "auto: status" $? 0
matches "auto" /tmp/said 'not with stap' 'recording with bpf$' 'the programs for Linux before 5\.17' \
	'do not record: block, cache'
equal "the limit of locked memory is as it was" \
	"$(ioriot --quiet -c /tmp/b.capture --backend=bpf --buffer=8 -- sh -c 'ulimit -l')" "$(ulimit -l)"
ioriot -c /tmp/c.capture --backend=bpf --buffer=8 -L block -- true >/tmp/said 2>&1
equal "no calls: status" $? 4
matches "no calls" /tmp/said 'record calls only'
ioriot --check >/tmp/said 2>&1
matches "check" /tmp/said 'programs .*those for Linux 5.8 to 5.16'
