#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Results that a replay would get for reasons of its own: renames elsewhere on the host, a current directory that it may not
# enter, a right that a map has not, units of direct I/O that a file system takes and another one does not.
# shellcheck source=../replay_lib.sh
. "$TESTS/replay_lib.sh"

# While somebody renames all the time, the kernel is not sure whether ".." stayed inside, and says EAGAIN.
mkdir renames
: >renames/a
python3 -c 'import os
os.chdir("renames")
while os.getppid() == '$$':
    os.rename("a", "b")
    os.rename("b", "a")' &
renamer=$!
trap 'kill $renamer 2>/dev/null' EXIT
opens() { # OPERATIONS
	awk -v n="$1" 'BEGIN {
		print "1+9|0|0|-|@TREE@/d|O_RDONLY+O_DIRECTORY|0|>0|3|open"
		for (i = 1; i <= n; i++)
			print 10 + i "+1|0|0|-|0|s/up/s/up/s/up/s/up/f|O_RDONLY|0|" (i % 2 ? "RESOLVE_BENEATH" : "RESOLVE_IN_ROOT") "|>-|6|openat2"
		print "INIT"
		print "dir|0777|0|0|@TREE@/d|"
		print "dir|0777|0|0|@TREE@/d/s|"
		print "link|0|0|@TREE@/d/s/up|..|"
		print "file|0666|0|0|5|-|@TREE@/d/f|"
	}'
}
opens 3000 | replay_file beneath.replay
replays "openat2 beside renames" 0 beneath.replay
says "openat2 beside renames: results" "^0 divergences"
# The program's own EAGAIN is one.
opens 1 | sed 's/RESOLVE_BENEATH|>-|6/RESOLVE_BENEATH|>-|-EAGAIN/; s|s/up/.*/f|f|' | replay_file again.replay
replays "openat2 that was refused" 3 again.replay
says "openat2 that was refused: once" "openat2: expected -EAGAIN, got [0-9]"
# What is in the cache decides with RESOLVE_CACHED, with which no file is ever made: then it is opened without that.
replay_file cached.replay <<'E1'
1+9|0|0|-|cwd|@TREE@/d/f|O_RDONLY|0|RESOLVE_CACHED|>-|-EAGAIN|openat2
2+9|0|0|-|cwd|@TREE@/d/f|O_RDWR+O_CREAT|0600|RESOLVE_CACHED|>0|3|openat2
3+9|0|0|-|0|0|fsync
INIT
dir|0777|0|0|@TREE@/d|
file|0666|0|0|5|-|@TREE@/d/f|
E1
init cached.replay
: <"$tree/d/f" # it is in the cache
status_is "openat2 of what is cached" 0 "$IORIOT" -r cached.replay --root "$place" -D --json cached.json
equal "openat2 of what is cached: explained" "$(json 'j["divergences"], [(k["class"], k["operation"], k["expected"]) for k in j["explained_kinds"]]' cached.json)" \
	"(0, [('nowait', 'openat2', '-EAGAIN')])"
if why=$(uring_is_refused); then
	skip "openat2 of a ring" "this host does not allow it: $why"
else
	opens 0 | awk -v n=3000 '
		$0 != "INIT" { print; next }
		{
			print "2+9|0|0|-|8|0|0|1|>1|4|io_uring_setup"
			for (i = 0; i < n; i++) {
				print 10 + i "+1|0|0|-|1|1|1|0|1|" i "|1|io_uring_enter"
				print 10 + i "+1|0|0|-|1:" i ":" (i % 2 ? "IOSQE_ASYNC" : 0) ":-:-|0|s/up/s/up/s/up/s/up/f|O_RDONLY|0|RESOLVE_BENEATH|>" i % 2 + 2 "|7|uring_openat2"
				print 10 + i "+1|0|0|-|" i % 2 + 2 "|-|0|close"
			}
			print
		}' | replay_file ring.replay
	replays "openat2 of a ring beside renames" 0 ring.replay
	says "openat2 of a ring beside renames: results" "^0 divergences"
	# What is cancelled with its chain is asked for again, too.
	opens 0 | awk -v n=1500 '
		$0 != "INIT" { print; next }
		{
			print "2+9|0|0|-|8|0|0|1|>1|4|io_uring_setup"
			for (i = 0; i < n; i++) {
				print 10 + i "+1|0|0|-|1|3|3|0|1|" 3 * i "|3|io_uring_enter"
				print 10 + i "+1|0|0|-|1:" 3 * i ":IOSQE_IO_LINK" (i % 2 ? "+IOSQE_ASYNC" : "") ":-:-|0|s/up/s/up/s/up/s/up/f|O_RDONLY|0|RESOLVE_IN_ROOT|>2|7|uring_openat2"
				print 10 + i "+1|0|0|-|1:" 3 * i + 1 ":IOSQE_IO_LINK:-:-|0|uring_nop"
				print 10 + i "+1|0|0|-|1:" 3 * i + 2 ":0:-:-|0|0|0|0|uring_fsync"
				print 10 + i "+1|0|0|-|2|-|0|close"
			}
			print
		}' | replay_file chain.replay
	replays "openat2 in chains beside renames" 0 chain.replay
	says "openat2 in chains beside renames: results" "^0 divergences"
	# The program found its file in the cache or not, and so did what came behind it.
	replay_file cached_chain.replay <<'E1'
1+9|0|0|-|@TREE@/d|O_RDONLY+O_DIRECTORY|0|>0|3|open
2+9|0|0|-|8|0|0|1|>1|4|io_uring_setup
3+9|0|0|-|1|3|3|0|1|0|3|io_uring_enter
3+9|0|0|-|1:0:IOSQE_IO_LINK:-:-|0|f|O_RDONLY|0|RESOLVE_CACHED|>-|-EAGAIN|uring_openat2
3+9|0|0|-|1:1:IOSQE_IO_LINK:-:-|-ECANCELED|uring_nop
3+9|0|0|-|1:2:0:-:-|0|0|0|-ECANCELED|uring_fsync
INIT
dir|0777|0|0|@TREE@/d|
file|0666|0|0|5|-|@TREE@/d/f|
E1
	init cached_chain.replay
	: <"$tree/d/f"
	status_is "a chain behind what is cached" 0 "$IORIOT" -r cached_chain.replay --root "$place" -D --json cached_chain.json
	equal "a chain behind what is cached: explained" \
		"$(json 'j["divergences"], [(k["class"], k["count"], k["expected"]) for k in j["explained_kinds"]]' cached_chain.json)" \
		"(0, [('nowait', 3, '-EAGAIN')])"
fi
kill $renamer
wait $renamer 2>/dev/null
trap - EXIT

# Who stands in a directory that nobody may enter any more.
replay_file empty.replay <<'E1'
1+9|0|0|-|@TREE@/d|0|chdir
2+9|0|0|-|.|0000|0|chmod
3+9|0|0|-|cwd||0|-ENOENT|newfstatat
4+9|0|0|-|cwd||AT_EMPTY_PATH|0|newfstatat
5+9|0|0|-||-ENOENT|stat
6+9|0|0|-||0600|-ENOENT|chmod
7+9|0|0|-|f|-EACCES|stat
8+9|0|0|-|cwd|f|0|-EACCES|newfstatat
9+9|0|0|-|@TREE@/d|0700|0|chmod
10+9|0|0|-|f|0|stat
INIT
dir|0777|65534|65534|@TREE@/d|
file|0666|65534|65534|5|-|@TREE@/d/f|
E1
if is_root; then
	replays "an empty path" 0 empty.replay -u nobody
else
	replays "an empty path" 0 empty.replay
fi
says "an empty path: results" "^0 divergences"

# A set that failed of its name had a value, of that size.
replay_file name.replay <<'E1'
1+9|0|0|-|cwd|@TREE@/f|0|%null|44|0|-EFAULT|setxattrat
INIT
file|0666|0|0|5|-|@TREE@/f|
E1
init name.replay
ASAN_OPTIONS=${ASAN_OPTIONS-}:detect_leaks=0 "$IORIOT" --quiet -c name.capture -- "$IORIOT" -r name.replay --root "$place" -D >name.said 2>&1
found=$(grep -o 'o=setxattrat;.*' name.capture)
case $found in
*s=-38*) skip "a set without a name" "this kernel has no setxattrat" ;;
*) check "a set without a name: $found" grep -q "c=44;:,.*s=-14;" <<<"$found" ;;
esac

# Pages of a private map are populated by reading, whatever the map was made for; a map without the right refuses.
replay_file populate.replay <<'E1'
1+9|0|0|-|@TREE@/f|O_RDONLY|0|>0|3|open
2+9|0|0|-|-|8192|PROT_READ+PROT_WRITE|MAP_PRIVATE|0|0|>M0|140737351864320|mmap
3+9|0|0|-|0:0:8192|8192|MADV_POPULATE_WRITE|0|madvise
4+9|0|0|-|-|8192|PROT_WRITE|MAP_PRIVATE|0|0|>M1|140737351864320|mmap
5+9|0|0|-|1:0:8192|8192|MADV_POPULATE_WRITE|0|madvise
6+9|0|0|-|-|8192|PROT_READ|MAP_PRIVATE|0|0|>M2|140737351864320|mmap
7+9|0|0|-|2:0:8192|8192|MADV_POPULATE_WRITE|-EINVAL|madvise
8+9|0|0|-|2:0:8192|8192|MADV_POPULATE_READ|0|madvise
9+9|0|0|-|-|8192|0|MAP_PRIVATE|0|0|>M3|140737351864320|mmap
10+9|0|0|-|3:0:8192|8192|MADV_POPULATE_WRITE|0|madvise
INIT
file|0444|0|0|8192|0+8192|@TREE@/f|
E1
replays "populating private maps" 0 populate.replay
says "populating private maps: results" "^0 divergences"

# What a file system refused that this one takes (tmpfs takes all): explained, if it could be refused for its size.
replay_file units.replay <<'E1'
1+9|0|0|-|@TREE@/f|O_RDWR+O_DIRECT|0|>0|3|open
2+9|0|0|-|0|100|0|-EINVAL|pread64
3+9|0|0|-|0|4096|17|-EINVAL|pread64
4+9|0|0|-|0|4096|0|-EINVAL|pwrite64
INIT
file|0666|0|0|8192|0+8192|@TREE@/f|
E1
memory=/dev/shm/ioriot-reasons.$$
mkdir "$memory"
trap 'rm -rf "$memory"' EXIT
if refusal=$(python3 -c 'import os, sys
fd = os.open(sys.argv[1] + "/probe", os.O_RDWR | os.O_CREAT | os.O_DIRECT)
os.pwrite(fd, b"1", 7)' "$memory" 2>&1); then
	place=$memory
	sed -i "s|$TEST_TMP/place|$memory|" units.replay
	replays "units that were refused" 3 units.replay --json units.json
	equal "units that were refused: explained, and not" "$(json 'j["divergences"], [(k["class"], k["operation"], k["count"]) for k in j["explained_kinds"]]' units.json)" \
		"(1, [('alignment', 'pread64', 2)])"
else
	skip "units that were refused" "no file system here takes all: ${refusal##*$'\n'}"
fi
done_testing
