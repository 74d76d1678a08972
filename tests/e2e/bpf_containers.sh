#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Programs with a root directory or a mount namespace of their own, as the BPF backend sees them: names are as the
# program gave them; where that is on the host is told where the host has a name for it.
# shellcheck source=../lib.sh
. "$TESTS/lib.sh"
# shellcheck source=../bpf_lib.sh
. "$TESTS/bpf_lib.sh"

bpf_or_skip "containers with BPF"
if ! unshare -m true 2>/dev/null; then
	skip "containers with BPF" "no mount namespace may be made here"
	done_testing
fi

check "build" cc -O1 -static -o jailed "$TESTS/e2e/bpf_jailed.c"
mkdir -p jail/data jail/tmp jail/old
cp jailed jail/
echo text >jail/data/file
inode() { stat -c %i "$1"; }

# has CAPTURE NAME REGEX: a record like that
has() {
	check "$1: $2" grep -qE "$3" "$1.capture"
}
# what every way into it shows: names as the program gave them, and which file of the host that is
as_the_program_says() { # CAPTURE
	has "$1" "an absolute name, and the host's inode" \
		"o=openat;:,d=AT_FDCWD;:,p=/data/file;:,f=0;:,m=0;:,s=[0-9]+;:,x=[0-9]+:[0-9]+:$(inode jail/data/file):"
	has "$1" "a name from a descriptor" "o=openat;:,d=[0-9]+;:,p=file;:,f=0;:,m=0;:,s=[0-9]+;:,x=[0-9]+:[0-9]+:$(inode jail/data/file):"
	has "$1" "a name above the root is at the root" "o=newfstatat;:,d=AT_FDCWD;:,p=../../../data/file;:,.*s=0;:,x=[0-9]+:[0-9]+:$(inode jail/data/file):"
	has "$1" "a name that is not there" 'o=unlink;:,p=/nothing;:,s=-2;:,'
	check "$1: it is sound" "$TESTS/capture_check.py" "$1.capture"
}

# --- chroot: the host has names for all of it

status_is "chroot: recorded" 0 "$IORIOT" --quiet -c chroot.capture --backend=bpf -- ./jailed chroot jail
as_the_program_says chroot
has chroot "the way in" "o=chroot;:,p=jail;:,s=0;:,"
for name in data data/file nothing; do
	has chroot "/$name on the host" "o=state_path;:,p=$PWD/jail/$name;:,"
done
has chroot "of a child, too" "o=state_path;:,p=$PWD/jail/tmp/child;:,"
equal "chroot: nothing of the host is taken for it" "$(grep -c 'o=state_path;:,p=/data' chroot.capture)" 0
"$IORIOT" --quiet -c chroot.ptrace.capture --backend=ptrace -- ./jailed chroot jail
check "chroot: the same records as with ptrace" "$TESTS/vm/compare_captures.py" chroot.ptrace.capture chroot.capture

ln -s jail door
status_is "door: recorded" 0 "$IORIOT" --quiet -c door.capture --backend=bpf -- ./jailed chroot door
has door "the way in is a link" "o=state_path;:,p=$PWD/door;:,P=jail;:,"
has door "/data/file on the host" "o=state_path;:,p=$PWD/jail/data/file;:,"

# --- a process that is in one already

mkfifo jail/go
./jailed wait jail &
program=$!
# called by await
# shellcheck disable=SC2317
waits() { [ "$(readlink "/proc/$program/root")" = "$PWD/jail" ] && grep -q ' S ' "/proc/$program/stat"; }
check "attached: it waits" await waits
"$IORIOT" -c attached.capture --backend=bpf -x $program 2>attached.said &
reader=$!
check "attached: it says that it records" await grep -q 'attached, recording' attached.said
echo >jail/go
wait $program
wait $reader
equal "attached: status" $? 0
as_the_program_says attached
has attached "its directory, as it sees it" "i=$program:$program;:,o=state_task;:,p=/;:,"

# --- a mount namespace, where the host has no names

for how in bind pivot; do
	status_is "$how: recorded" 3 "$IORIOT" --quiet -c $how.capture --backend=bpf -- ./jailed $how jail
	as_the_program_says $how
	has $how "that its names are not looked at is said" \
		'o=lost;:,c=0;:,p=of processes in other mount namespaces names are not looked at;:,'
	equal "$how: nothing of the host is taken for it" "$(grep -cE 'o=state_path;:,p=(/data|/nothing)' $how.capture)" 0
done
has pivot "another root is told" 'o=lost;:,c=1;:,p=pivot_root: the root directory is another one;:,'
done_testing
