#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# time-limit: 600
# Snapshots: each file with its size and times, how deep and how many, processes, the system; beside a capture.
# shellcheck source=../lib.sh
. "$TESTS/lib.sh"

text() { zstd -dcq "$1" | tr -d '\r'; }

mkdir -p tree/a/b/c/d "tree/a, \"b\""
head -c 12345 /dev/zero >tree/a/file
ln -s a/file tree/link
ln tree/a/file tree/other
touch -d '2001-02-03 04:05:06.007 UTC' tree/a/file
chmod 0640 tree/a/file
check "files" "$IORIOT" --snapshot="fs=3:$PWD/tree" --output out
equal "who else may look at it" "$(stat -c %a out)" 700
text out/filesystem_snap.csv.zst >lines
equal "the columns" "$(head -n 1 lines)" \
	"snapshot_timestamp,path,type,size,blocks,dev,inode,mode,uid,gid,nlink,creation_time,change_time,modification_time,access_time"
equal "all names of three levels, and no more" \
	"$(sed 1d lines | python3 -c 'import csv, sys
for r in sorted(csv.reader(sys.stdin), key=lambda r: r[1]): print(r[2], r[1][len(sys.argv[1]):], r[3] if r[2] == "f" else "-")' "$PWD/tree")" \
	"d /a -
d /a, \"b\" -
d /a/b -
d /a/b/c -
f /a/file 12345
l /link -
f /other 12345"
equal "mode, owner, links, times, device and inode" \
	"$(grep "/a/file," lines | cut -d, -f6-11,14)" \
	"$(stat -c '%Hd:%Ld,%i,0%a,%u,%g,%h' tree/a/file),981173106.007000000"
status_is "not more files than it may" 3 "$IORIOT" --snapshot="fs=3:$PWD/tree" --output few --snapshot-files 2
says "it says so" "more files than"
equal "what there is until then" "$(text few/filesystem_snap.csv.zst | wc -l)" 4
equal "and that it is not all" "$(text few/filesystem_snap.csv.zst | tail -n 1)" "limit,entries"

check "for who cannot read zst" "$IORIOT" --snapshot="gz,fs=3:$PWD/tree" --output gz
equal "the same lines in gz" "$(gzip -dc gz/filesystem_snap.csv.gz | tr -d '\r' | cut -d, -f2-14 | sort)" \
	"$(cut -d, -f2-14 lines | sort)"
equal "and in no other file" "$(ls gz)" filesystem_snap.csv.gz

# It stays in its file system.
if is_root && unshare --mount true 2>/dev/null; then
	mkdir -p tree/mounted
	unshare --mount --propagation private sh -c 'mount -t tmpfs none tree/mounted && touch tree/mounted/inside &&
		exec "$0" --snapshot="fs=9:$PWD/tree" --output mounted' "$IORIOT" 2>mounted.said
	equal "with a mount: status" $? 0 || cat mounted.said
	equal "the mount point, not what is in it" \
		"$(text mounted/filesystem_snap.csv.zst | cut -d, -f2 | grep -o 'mounted.*')" mounted
	rmdir tree/mounted
else
	skip "mounts" "needs root and mount namespaces"
fi

# --- processes and the system

bash -c 'exec -a "named )x( 1" sleep 1000' &
sleeper=$!
sh -c 'while :; do :; done' busy &
busy=$!
for ((i = 0; i < 600; i++)); do
	[ "$(cat /proc/$sleeper/comm 2>/dev/null)" = sleep ] && break
	sleep 0.1
done
check "processes and the system" "$IORIOT" --snapshot=process,system --output out
text out/process_snap.csv.zst >lines
equal "the program with its words, threads, state" \
	"$(grep -E "^[0-9.]+,$sleeper," lines | cut -d, -f2-5,13-15)" "$sleeper,$$,sleep,named )x( 1 1000,S,$(id -u),1"
started=$(grep -E "^[0-9.]+,$sleeper," lines | cut -d, -f8)
check "when it began ($started)" test $(($(date +%s) - ${started%.*})) -ge 0 -a $(($(date +%s) - ${started%.*})) -lt 600
equal "its memory" "$(grep -E "^[0-9.]+,$sleeper," lines | awk -F, '{ print ($6 >= $7 && $7 > 0) }')" 1
equal "who sleeps uses nothing" "$(grep -E "^[0-9.]+,$sleeper," lines | cut -d, -f9)" 0.0
used=$(grep -E "^[0-9.]+,$busy," lines | cut -d, -f9)
check "who computes uses something ($used)" test "$(awk -v u="${used:-0}" 'BEGIN { print (u > 0 && u < 110) }')" = 1
# Who began less than two minutes and an hour ago has used all of it in that time.
equal "of two minutes and an hour: the same time" "$(grep -E "^[0-9.]+,$busy," lines |
	awk -F, '{ print ($10 > 0 && ($10 / 30 - $11) ^ 2 < 0.06 ^ 2) }')" 1
if [ "$(cut -d. -f1 /proc/uptime)" -gt 3700 ]; then
	equal "of who is older nobody knows" "$(grep -E "^[0-9.]+,1," lines | cut -d, -f10,11)" ,
else
	skip "of who is older nobody knows" "this host runs for less than an hour"
fi
kill $sleeper $busy
equal "the system" "$(grep -E '^(kernel_release|cpus|architecture): ' out/device_spec.txt)" \
	"kernel_release: $(uname -r)
architecture: $(uname -m)
cpus: $(getconf _NPROCESSORS_ONLN)"
equal "its memory" "$(grep memory_total out/device_spec.txt)" "memory_total: $(awk '/MemTotal/ { print $2 }' /proc/meminfo) kB"

# A host with a graphics card: its files, and the connectors of it, which are no cards.
if is_root && unshare --mount true 2>/dev/null; then
	unshare --mount --propagation private sh -c 'mount -t tmpfs none /sys/class &&
		mkdir -p /sys/class/drm/card0/device /sys/class/drm/card0-DP-1 && cd /sys/class/drm/card0/device &&
		echo 0x10de >vendor && echo 0x2204 >device && cd "$1" && exec "$0" --snapshot=system --output card' \
		"$IORIOT" "$PWD" 2>card.said
	equal "with a graphics card: status" $? 0 || cat card.said
	equal "which one" "$(grep '^gpu: ' card/device_spec.txt)" "gpu: card0 vendor=0x10de device=0x2204"
else
	skip "a graphics card" "needs root and mount namespaces"
fi

# --- no network

if command -v strace >/dev/null; then
	check "one of everything" strace -f -qq -e trace=%net -e signal=none -o network \
		"$IORIOT" --snapshot="process,system,fs=2:$PWD/tree" --output traced
	equal "no call of the network" "$(cat network)" ""
else
	skip "no network" "strace is not installed"
fi

# --- beside a capture: at once, and again

check "a capture" "$IORIOT" -c with.capture --snapshot="fs=1:$PWD/tree" --output beside --snapshot-every 1s -- sh -c '
	for i in $(seq 3000); do
		[ -e beside/filesystem_snap.2.csv.zst ] && exit 0
		sleep 0.1
	done
	exit 1'
equal "each is whole" "$(for f in beside/filesystem_snap.csv.zst beside/filesystem_snap.1.csv.zst; do
	text $f | wc -l; done | tr '\n' ' ')" "5 5 "
equal "nobody of it is recorded" "$(grep -c 'filesystem_snap\.1\.csv\.zst;:,.*o=linkat' with.capture)" 0
status_is "the program's status stays" 7 "$IORIOT" -c short.capture --snapshot=fs,process --output short -- sh -c 'exit 7'
check "what is begun is whole" test -n "$(text short/process_snap.csv.zst | tail -n +2)"
fails "a directory that cannot be" 1 "no/where" "$IORIOT" -c no.capture --snapshot=fs --output no/where -- true
absent "and no capture" no.capture
fails "what cannot be written while recording" 1 "snapshot: " \
	"$IORIOT" -c failed.capture --snapshot="fs=1:$PWD/none" --output failed -- sleep 1
for wrong in '' gz 'fs,' fs= fs=0 fs=65 fs=x fs=3:relative processes 'process,fs=3:'; do
	fails "--snapshot='$wrong'" 2 "--snapshot" "$IORIOT" --snapshot="$wrong" --output wrong
done
fails "no directory" 2 "needs --output" "$IORIOT" --snapshot=fs
fails "no snapshot" 2 "means nothing without --snapshot" "$IORIOT" -c no.capture --output out -- true
fails "of a replay" 2 "two commands" "$IORIOT" -c with.capture -r x.replay --snapshot=fs --output out
done_testing
