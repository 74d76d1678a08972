#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Threads, forks, execs and signals: recorded whole, and without the program noticing.
# shellcheck source=../lib.sh
. "$TESTS/lib.sh"

check "build" cc -O1 -pthread -o program "$TESTS/e2e/capture_program.c"

# record MODE STATUS: runs it under ioriot in a directory of its own, checks status and the invariants.
record() {
	mkdir -p "$1" && cd "$1" || exit 1
	timeout 60 "$IORIOT" --quiet -c ../"$1".capture -- ../program "$1" >out 2>err
	equal "$1: exit status" $? "$2"
	equal "$1: nothing on stderr" "$(cat err)" ""
	cd ..
	check "$1: invariants" python3 "$TESTS/capture_check.py" "$1".capture
}

lines() { grep -cE "$2" "$1".capture; } # MODE REGEX

record interrupted 0
equal "interrupted: the program saw EINTR" "$(cat interrupted/out)" -4
equal "interrupted: one record" "$(lines interrupted ';:,o=read;:,d=[0-9]+;:,c=1;:,s=-4;:,')" 1
equal "interrupted: before what the handler did" \
	"$(grep -oE 'o=(read;:,d=[0-9]+;:,c=1|write;:,d=[0-9]+;:,c=1);' interrupted.capture | head -2 | cut -c1-6 | tr '\n' ' ')" \
	"o=read o=writ "

record restarted 0
equal "restarted: the program saw its data" "$(cat restarted/out)" 1
equal "restarted: one record" "$(lines restarted 'o=read;:,d=[0-9]+;:,c=1;:,')" 1
equal "restarted: with the whole time" \
	"$(sed -nE 's/.*D=([0-9]+);.*o=read;:,d=[0-9]+;:,c=1;:,s=1;:,$/\1/p' restarted.capture | awk '{ print ($1 > 400000000) }')" 1
equal "restarted: behind what the handler did" \
	"$(grep -oE 'o=(read;:,d=[0-9]+;:,c=1|write;:,d=[0-9]+;:,c=1);' restarted.capture | head -1 | cut -c1-7)" \
	"o=write"

record stopped 0
equal "stopped: one record for the interrupted lock" "$(lines stopped 'o=flock;.*s=0;:,')" 2
equal "stopped: no other result" "$(lines stopped 'o=flock;')" 2

record thread-exec 0
equal "thread-exec: output" "$(cat thread-exec/out)" "executed by a thread"
equal "thread-exec: the thread that called" \
	"$(lines thread-exec 'i=([0-9]+):[0-9]+;:,o=execve;.*p=/bin/echo;.*s=0')" 1
equal "thread-exec: the others ended" "$(lines thread-exec 'o=task_end;')" 2

record leader-exit 0
equal "leader-exit: output" "$(cat leader-exit/out)" "the leader is gone"
record leader-exit-exec 0
equal "leader-exit-exec: output" "$(cat leader-exit-exec/out)" "executed by a thread"

record killed 143
equal "killed: all threads ended" "$(lines killed 'o=task_end;:,E=15;')" 3

record threads 0
equal "threads: all made" "$(lines threads 'o=clone3?;.*s=[0-9]+;')" 200
equal "threads: all files" "$(lines threads 'o=openat;.*p=t[0-9]+;.*s=[0-9]+;.*x=')" 1000
equal "threads: all writes" "$(lines threads 'o=write;.*c=3;:,s=3;')" 1000
equal "threads: all removals" "$(lines threads 'o=unlink(at)?;.*p=t[0-9]+;.*s=0;')" 1000
equal "threads: each name once" "$(lines threads 'o=state_path;.*/t[0-9]+;:,x=-;')" 200

record vfork 0
equal "vfork: all" "$(lines vfork 'o=vfork;:,s=[0-9]+;')" 10
equal "vfork: executed" "$(lines vfork 'o=execve;:,p=/bin/true;:,s=0;')" 5
equal "vfork: failed" "$(lines vfork 'o=execve;:,p=/nonexistent;:,s=-2;')" 5

record storm 0

record look 0
(cd look && ../program look) >plain
equal "look: as without us" "$(cat look/out)" "$(cat plain)"

if ./program io_uring; then
	record io_uring 0
	equal "io_uring: its ring" "$(lines io_uring 'o=io_uring_setup;.*s=[0-9]+;')" 1
	equal "io_uring: nothing is lost" "$(lines io_uring 'o=lost;')" 0
else
	skip "io_uring" "this kernel does not allow it"
fi

record copy 0
equal "copy: lost lines" "$(lines copy 'o=lost;')" 0

# What is mounted changes what names mean.
if ! is_root; then
	skip "mount" "only root may"
elif ! unshare -m true 2>/dev/null; then
	skip "mount" "no mount namespace may be made here"
else
	mkdir mounted
	status_is "mount: status" 3 "$IORIOT" --quiet -c mount.capture -- unshare -m --propagation unchanged \
		sh -c 'mount --make-rprivate / && mount -t tmpfs none mounted && umount mounted'
	check "mount: mount is lost" grep -qE 'o=lost;:,c=1;:,p=(mount|move_mount): ' mount.capture
	check "mount: umount is lost" grep -q 'o=lost;:,c=1;:,p=umount: ' mount.capture
fi

# A static i386 program: write(1, "32 bit\n", 7), exit(6).
python3 - <<'END'
import struct
base = 0x08048000
code = struct.pack("<BIBIBIBIHBIBIH", 0xb8, 4, 0xbb, 1, 0xb9, base + 0x54 + 34, 0xba, 7, 0x80cd,
                   0xb8, 1, 0xbb, 6, 0x80cd) + b"32 bit\n"
with open("elf32", "wb") as f:
    f.write(b"\x7fELF\x01\x01\x01" + bytes(9) +
            struct.pack("<HHIIIIIHHHHHH", 2, 3, 1, base + 0x54, 52, 0, 0, 52, 32, 1, 0, 0, 0) +
            struct.pack("<IIIIIIII", 1, 0, base, base, 0x54 + len(code), 0x54 + len(code), 5, 4096) +
            code)
END
chmod +x elf32
if [ "$(./elf32 2>/dev/null)" = "32 bit" ]; then
	equal "32 bit: output" "$("$IORIOT" --quiet -c elf32.capture -- ./elf32)" "32 bit"
	equal "32 bit: its write" "$(lines elf32 'o=write;:,d=1;:,c=7;:,s=7;')" 1
	equal "32 bit: nothing is lost" "$(lines elf32 'o=lost;')" 0
	check "32 bit: invariants" python3 "$TESTS/capture_check.py" elf32.capture
else
	skip "32 bit" "this kernel does not run i386 programs"
fi

# Children that ioriot inherits, and SIGCHLD ignored, make no difference.
(sleep 30 & exec "$IORIOT" --quiet -c child.capture -- sh -c 'exit 4') >/dev/null
equal "a child of another's" $? 4
(exec python3 -c 'import os, signal, sys
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
os.execv(sys.argv[1], sys.argv[1:])' "$IORIOT" --quiet -c child.capture -- sh -c 'exit 4')
equal "SIGCHLD ignored" $? 4

done_testing
