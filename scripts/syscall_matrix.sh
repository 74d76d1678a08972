#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# The end-to-end procedure: a program that makes every file system call is recorded, its replay is
# generated, initialised and replayed under strace, and everything that can be checked is checked.
#
#   scripts/syscall_matrix.sh [--root DIR] [--home DIR] [--private] [--backend NAME] [--keep] [BINDIR]
#
# BINDIR    where ioriot is (/opt/ioriot/bin, else the build beside this script)
# --home    where the program works, a directory that the user may write to (/home/USER)
# --root    put the tree below DIR instead of below the mount point; needed by ordinary users
# --private in a mount namespace of its own, where /home is a mount point: needs root
# --backend what records: ptrace, bpf or stap (what "ioriot -c FILE -- CMD" takes)
# --keep    leave capture, replay, strace and trees, and say where they are
#
# One line per check, "ok" or "not ok"; the last line is PASS or FAIL, and the exit status says so.
set -u
here=$(cd "$(dirname "$0")" && pwd)

root='' home='' private='' backend='' keep='' bin=''
while [ $# -gt 0 ]; do
	case $1 in
	--root) root=$2 && shift 2 ;;
	--home) home=$2 && shift 2 ;;
	--private) private=1 && shift ;;
	--backend) backend=$2 && shift 2 ;;
	--backend=*) backend=${1#*=} && shift ;;
	--keep) keep=1 && shift ;;
	-*) echo "syscall_matrix.sh: unknown option $1" >&2 && exit 2 ;;
	*) bin=$1 && shift ;;
	esac
done
if [ -z "$bin" ]; then
	bin=/opt/ioriot/bin
	[ -x "$bin/ioriot" ] || bin=$(dirname "$here")
fi
if ! [ -x "$bin/ioriot" ]; then
	echo "syscall_matrix.sh: no ioriot in $bin; make it first" >&2
	exit 2
fi

user=${SUDO_USER:-$(id -un)}
scratch=$(mktemp -d "${TMPDIR:-/var/tmp}/ioriot-matrix.XXXXXX") || exit 1
chmod 755 "$scratch"

if [ -n "$private" ]; then
	mkdir "$scratch/home"
	unshare -m --propagation private bash -c 'mount --bind "$1" /home && mkdir -p "/home/$2" &&
		chown "$2:" "/home/$2" && shift 2 && exec "$@"' - "$scratch/home" "$user" \
		env TMPDIR="$scratch" "$here/syscall_matrix.sh" ${backend:+--backend "$backend"} ${keep:+--keep} "$bin"
	status=$?
	if [ -n "$keep" ]; then
		echo "the /home of that run: $scratch/home"
	else
		rm -rf "$scratch"
	fi
	exit $status
fi

stamp=$(date +%Y%m%d_%H%M%S)_$$
test_name=e2e_syscall_matrix_$stamp
home=${home:-/home/$user}
base_dir=$home/ioriot-syscall-matrix-src-$stamp
helper_bin=$scratch/syscall_matrix
pid_file=$scratch/syscall_matrix.pid
go_file=$scratch/syscall_matrix.go
capture_file=$scratch/syscall_matrix.capture
replay_file=$scratch/syscall_matrix.replay
stats_file=$scratch/syscall_matrix.stats
strace_file=$scratch/replay.strace

# Where the replay's files must be: below the mount point, or below --root.
prefix=
if [ -n "$root" ]; then
	mkdir -p "$root" && root=$(cd "$root" && pwd)
	tree=$root/.ioriot/$test_name
	replayed=$tree$base_dir
else
	place=$(findmnt -n -o TARGET -T "$home")
	place=${place%/}
	prefix=$place
	tree=$place/.ioriot/$test_name
	replayed=$tree${base_dir#"$place"}
fi

failed=0
verdict() { # NAME STATUS DETAIL
	if [ "$2" -eq 0 ]; then
		echo "ok $1"
	else
		echo "not ok $1: ${3:-}"
		failed=1
	fi
}

finish() {
	if [ -n "$keep" ]; then
		echo "kept: $scratch $base_dir $tree"
	else
		"$bin/ioriot" -P -n "$test_name" ${root:+--root "$root"} > /dev/null
		verdict "the tree is removed" $?
		rm -rf "$scratch" "$base_dir"
	fi
	if [ "$failed" -eq 0 ]; then
		echo PASS
	else
		echo FAIL
	fi
	exit "$failed"
}

# Without this step there is nothing to check.
step() { # NAME COMMAND...
	local name=$1 output status
	shift
	output=$("$@" 2>&1)
	status=$?
	verdict "$name" "$status" "status $status: $output"
	[ "$status" -eq 0 ] || finish
}

check() { python3 "$here/syscall_matrix_check.py" "$@"; }

step "the helper compiles" cc -Wall -Wextra -O2 -o "$helper_bin" "$here/syscall_matrix.c"

# The helper is recorded from its start and waits until the capture is seen to run.
"$bin/ioriot" -c "$capture_file" ${backend:+"--backend=$backend"} -- "$helper_bin" "$pid_file" "$go_file" "$base_dir" "$user" \
	2> "$scratch/capture.log" &
capture_pid=$!
for _ in $(seq 3000); do # some backends take seconds to load
	[ -s "$pid_file" ] && break
	kill -0 "$capture_pid" 2>/dev/null || break
	sleep 0.02
done
[ -s "$pid_file" ] && kill -0 "$(cat "$pid_file")" 2>/dev/null
verdict "the helper waits, its PID is in the file" $? "$(cat "$scratch/capture.log")"
touch "$go_file"
wait "$capture_pid"
status=$?
verdict "the helper ran, every call with the right result" $status \
	"status $status: $(cat "$scratch/capture.log")"
[ $status -eq 0 ] || finish

step "generate" "$bin/ioriot" -c "$capture_file" -r "$replay_file" -u "$user" -n "$test_name" \
	-w "$home/.ioriot-wd" ${root:+--root "$root"}

check capture-ops "$capture_file" "$pid_file.log" || failed=1
check replay-ops "$replay_file" "$pid_file.log" || failed=1
check same-calls "$capture_file" "$pid_file.log" "$base_dir" || failed=1
for name in head-renamed openat creat link-open emptydir; do
	grep -q "$name" "$replay_file"
	verdict "the replay names $name" $? "not in $replay_file"
done
lines=$(grep -vc '^#' "$replay_file")
[ "$lines" -gt 100 ]
verdict "the replay has operations, not only a header" $? "$lines lines"

step "init" "$bin/ioriot" -i "$replay_file" -w "$home/.ioriot-wd" ${root:+--root "$root"}
step "replay on one thread under strace, no divergence" \
	strace -f -o "$strace_file" "$bin/ioriot" -D -r "$replay_file" -p 1 -t 1 -S "$stats_file" \
	${root:+--root "$root"}

for word in "Stats of test '$test_name'" "Num workers" "Threads per worker" "Performed ioops" \
	"Average ioops/s" "Total time" "Host during the run" "CPU: user"; do
	grep -q "$word" "$stats_file"
	verdict "the statistics show: ${word% \'*}" $? "not in $(cat "$stats_file")"
done
hits=$(grep -c "$tree/" "$strace_file")
[ "$hits" -gt 20 ]
verdict "strace shows the tree being used" $? "$hits lines"
check only-the-tree "$strace_file" "$tree" "$base_dir" || failed=1

found=$(find "$tree" -maxdepth 12 \( -name 'head-renamed.bin' -o -name 'open*.txt' -o \
	-name 'creat*.txt' -o -name 'link-open.txt' -o -name 'emptydir' \) | sort)
check found "$base_dir" "$replayed" "$found" || failed=1
[ -f "$replayed/open-renamed.txt" ]
verdict "open-renamed.txt exists" $? "$replayed"
[ -d "$replayed/emptydir" ]
verdict "emptydir exists and is a directory" $? "$replayed"
[ -f "$replayed/dirA/openat-renamed.txt" ]
verdict "dirA/openat-renamed.txt exists" $? "$replayed"

differences=$("$here/../tests/treecmp.py" --holes --prefix-a "$prefix" --prefix-b "$tree" \
	"$base_dir" "$replayed" 2>&1)
verdict "both trees are the same" $? "$differences"
finish
