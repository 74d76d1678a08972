#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Replays written by hand: what each operation does to the tree, and how results are compared.
# shellcheck source=../replay_lib.sh
. "$TESTS/replay_lib.sh"

replay_file files.replay <<'E1'
0+1|0|0|-|@TREE@/d|%null|027|0|0|0|-|state_task
1+9|0|0|-|a|O_RDWR+O_CREAT+O_EXCL|0666|>0|3|open
2+9|0|0|-|0|10|10|write
3+9|0|0|-|0|4096,1,0,5000|9097|writev
4+9|0|0|-|0|0|SEEK_SET|0|lseek
5+9|0|0|-|0|100000|9107|read
6+9|0|0|-|0|100|-5|-EINVAL|pread64
7+9|0|0|-|cwd|@TREE@/none|O_RDONLY|0|>-|-ENOENT|openat
8+9|0|0|-|cwd|sub|0750|0|mkdirat
9+9|0|0|-|a|sub/b|0|rename
10+9|0|0|-|sub/b|c|0|link
11+9|0|0|-|../no|c2|0|symlink
12+9|0|0|-|022|23|umask
13+9|0|0|-|cwd|w|O_WRONLY+O_CREAT|0666|>2|5|openat
INIT
dir|0755|0|0|@TREE@/d|
E1
replays "files" 0 files.replay --json files.json
says "files: summary" "0 divergences"
equal "files: names" "$(cd "$tree/d" && find . -mindepth 1 -printf '%P %y %m %n %s %l.\n' | sort)" \
"c f 640 2 9107 .
c2 l 777 1 5 ../no.
sub d 750 2 4096 .
sub/b f 640 2 9107 .
w f 644 1 0 ."
equal "files: bytes" "$(json 'j["bytes_read"], j["bytes_written"]' files.json)" "(9107, 9107)"
equal "files: operations" "$(json 'j["operations"], j["errors"], j["complete"]' files.json)" "(13, 2, True)"

undocumented=$(json '" ".join(k for k in list(j) + list(j["settings"]) + list(j["host"]) +
	list(j["by_operation"][0]) + list(j["timeline"][0]) + list(j["thread_seconds"]) if "`" + k + "`" not in open("'"$SOURCE"'/docs/statistics.md").read())' files.json)
equal "every member of the JSON is documented" "$undocumented" ""

replay_file diverge.replay <<'E1'
1+9|0|0|-|@TREE@/a|O_RDWR|0|>0|3|open@70
2+9|0|0|-|0|10|10|read
3+9|0|0|-|0|10|10|read
4+9|0|0|-|@TREE@/b|O_RDONLY|0|>1|3|open@77
5+9|0|0|-|1|10|10|read
6+9|0|0|-|1|-|0|close
7+9|0|0|-|@TREE@/a|O_RDONLY+O_CREAT+O_EXCL|0644|>2|9|open
8+9|0|0|-|0|0|SEEK_END|15|lseek
INIT
file|0644|0|0|15|0+15|@TREE@/a|
E1
replays "divergences" 3 diverge.replay -S diverge.txt
says "divergences: short read" "1 read: expected 10, got 5; first: line 4 of .*, line 4 of the capture"
says "divergences: missing file" "1 open: expected 3, got -ENOENT; first: line 5 of .*, line 77 of the capture"
says "divergences: consequence" "1 read: expected 10, got -EBADF .not open, since an earlier"
says "divergences: existing file" "1 open: expected 9, got -EEXIST"
check "divergences: in the file of -S" grep -q "Divergences: 5" diverge.txt
for words in "Stats of test 't1':" "Num workers: 1" "Threads per worker: 1" "Threads total: 1" \
	"Highest loadavg: " "Performed ioops: 8" "Average ioops/s: " "Time ahead (s): " "Total time (s): "; do
	check "statistics have: $words" grep -qF "$words" diverge.txt
done

# The child has its own copies with the parent's offset, its own directory and umask.
replay_file fork.replay <<'E1'
0+1|0|0|-|@TREE@/one|%null|077|0|0|0|-|state_task
1+9|0|0|-|f|O_RDWR|0|>0|3|open
2+9|0|0|-|1:1|0:1|99|fork
3+9|0|0|-|0|10|10|read
4+9|1|1|5|1|0|SEEK_CUR|10|lseek
5+9|1|1|-|@TREE@/two|0|chdir
6+9|1|1|-|002|63|umask
7+9|1|1|-|made|O_WRONLY+O_CREAT|0666|>2|4|open
8+9|0|0|9|made|O_WRONLY+O_CREAT|0666|>3|4|open
9+9|1|1|-|0|1,2|-|exit_group
10+9|0|0|-|0|0|SEEK_CUR|10|lseek
INIT
dir|0755|0|0|@TREE@/one|
dir|0755|0|0|@TREE@/two|
file|0644|0|0|20|0+20|@TREE@/one/f|
E1
for layout in "1 1" "1 2" "2 2"; do
	replays "fork, $layout" 0 fork.replay -p "${layout% *}" -t "${layout#* }"
	equal "fork, $layout: umasks" "$(stat -c %a "$tree/one/made" "$tree/two/made" | xargs)" "600 664"
done

# dup2 over an open descriptor closes it; what was closed is gone.
replay_file dup.replay <<'E1'
1+9|0|0|-|@TREE@/a|O_RDWR|0|>0|3|open
2+9|0|0|-|@TREE@/b|O_RDWR|0|>1|4|open
3+9|0|0|-|0|4|>2|1|4|dup2
4+9|0|0|-|2|5|5|read
5+9|0|0|-|0|0|SEEK_CUR|5|lseek
6+9|0|0|-|none|4|>-|-|-EBADF|dup2
7+9|0|0|-|0|3|>0|-|3|dup2
8+9|0|0|-|0|3|O_CLOEXEC|>-|-|-EINVAL|dup3
9+9|0|0|-|0|F_DUPFD_CLOEXEC|10|>3|10|fcntl
10+9|0|0|-|3|5|5|read
11+9|0|0|-|0|-|0|close
12+9|0|0|-|2|-|0|close
13+9|0|0|-|3|0|SEEK_CUR|10|lseek
14+9|0|0|-|3|F_SETOWN|1|>-|0|fcntl
INIT
file|0644|0|0|20|0+20|@TREE@/a|
file|0644|0|0|20|0+20|@TREE@/b|
E1
replays "dup" 0 dup.replay --json dup.json
says "dup: F_SETOWN is not issued" "1 fcntl: could signal other processes"
equal "dup: not issued" "$(json 'j["not_issued"]' dup.json)" 1

# POSIX locks of two processes in one worker: the one that failed fails again, and a close of any
# descriptor of the file gives the lock away.
replay_file lock.replay <<'E1'
1+9|0|0|-|@TREE@/a|O_RDWR|0|>0|3|open
2+9|0|0|-|1:1|0:1|99|fork
3+9|0|0|-|0|F_SETLK|F_WRLCK,SEEK_SET,0,10,L0|>-|0|fcntl
4+9|1|1|4|1|F_SETLK|F_WRLCK,SEEK_SET,5,1,L1|>-|-EAGAIN|fcntl
5+9|1|1|-|1|F_SETLK|F_WRLCK,SEEK_SET,10,1,L1|>-|0|fcntl
6+9|0|0|6|0|F_SETLK|F_RDLCK,SEEK_SET,10,1,L0|>-|-EAGAIN|fcntl
7+9|0|0|-|@TREE@/a|O_RDONLY|0|>2|4|open
8+9|0|0|-|2|L0|0|close
9+9|1|1|9|1|F_SETLKW|F_WRLCK,SEEK_SET,0,10,L1|>-|0|fcntl
10+9|0|0|10|0|F_SETLK|F_WRLCK,SEEK_SET,0,10,L0|>-|-EAGAIN|fcntl
11+9|1|1|11|0|1,L1|-|exit_group
12+9|0|0|12|0|F_SETLK|F_WRLCK,SEEK_SET,0,0,L0|>-|0|fcntl
13+9|0|0|-|@TREE@/a|O_RDONLY|0|>3|4|open
14+9|0|0|-|3|F_SETLK|F_WRLCK,SEEK_SET,0,0,L0|>-|-EBADF|fcntl
15+9|0|0|-|0|LOCK_EX|0|flock
16+9|0|0|-|3|LOCK_EX+LOCK_NB|-EAGAIN|flock
INIT
file|0644|0|0|20|0+20|@TREE@/a|
E1
for layout in "1 1" "1 2" "2 2"; do
	replays "locks, $layout" 0 lock.replay -p "${layout% *}" -t "${layout#* }"
done

# A file that its own mode does not let anybody open again.
replay_file closed.replay <<'E1'
1+9|0|0|-|@TREE@/d/n|O_RDWR+O_CREAT+O_EXCL|0|>0|3|open
2+9|0|0|-|0|F_SETLK|F_WRLCK,SEEK_SET,0,10,L0|>-|0|fcntl
3+9|0|0|-|@TREE@/d/w|O_WRONLY+O_CREAT+O_EXCL|0200|>1|4|open
4+9|0|0|-|1|F_SETLK|F_WRLCK,SEEK_SET,0,10,L1|>-|0|fcntl
5+9|0|0|-|1|F_SETLK|F_RDLCK,SEEK_SET,0,10,L1|>-|-EBADF|fcntl
INIT
dir|0777|0|0|@TREE@/d|
E1
replays "locks on files without permissions" 0 closed.replay

# A current directory and umask may be shared by processes, and not by threads (CLONE_FS).
replay_file contexts.replay <<'E1'
1+9|0|0|-|@TREE@/one|0|chdir
2+9|0|0|-|CLONE_FS|1:1|-|99|clone
3+9|0|0|-|CLONE_VM+CLONE_SIGHAND+CLONE_THREAD|0:2|-|100|clone3
4+9|1|1|4|@TREE@/two|0|chdir
5+9|1|1|-|077|18|umask
6+9|0|0|6|made|0666|>0|3|creat
7+9|2|0|7|made|0666|>1|3|creat
8+9|2|0|-|@TREE@/two|0|chdir
9+9|0|0|9|.|O_RDONLY+O_DIRECTORY|0|>2|3|open
10+9|0|0|-|2|made|0|0|newfstatat
INIT
dir|0777|0|0|@TREE@/one|
dir|0777|0|0|@TREE@/two|
E1
for layout in "1 1" "2 8"; do
	replays "contexts, $layout" 0 contexts.replay -p "${layout% *}" -t "${layout#* }"
	equal "contexts, $layout: umasks" "$(stat -c %a "$tree/one/made" "$tree/two/made" | xargs)" "644 600"
done

# With a link that leads upwards the paths of what changes metadata are looked at first. What is
# wrong with the call is told all the same.
replay_file guarded.replay <<'E1'
1+9|0|0|-|..|@TREE@/d/up|0|symlink
2+9|0|0|-|none|%null|1.000000000,1.000000000|0|-EBADF|utimensat
3+9|0|0|-|@TREE@/none|user.a|5|0x9|-EINVAL|setxattr
4+9|0|0|-|@TREE@/none|user.a|5|0|-ENOENT|setxattr
5+9|0|0|-|cwd|@TREE@/d/none|1.000000000,1.000000000|0x80000|-EINVAL|utimensat
6+9|0|0|-|@TREE@/none/x|0644|-ENOENT|chmod
7+9|0|0|-|@TREE@/f/x|-1|-EINVAL|truncate
8+9|0|0|-|@TREE@/f/x|0|-ENOTDIR|truncate
9+9|0|0|-|%null|0644|-EFAULT|chmod
10+9|0|0|-|@TREE@/d|0|chdir
11+9|0|0|-|cwd||1.000000000,1.000000000|AT_EMPTY_PATH|0|utimensat
12+9|0|0|-|@TREE@/f|O_RDONLY|0|>0|3|open
13+9|0|0|-|0|%null|null|0|0|utimensat
14+9|0|0|-|0|%null|null|0|-EFAULT|utimensat
15+9|0|0|-|none||1|1|AT_EMPTY_PATH|-EBADF|fchownat
INIT
dir|0777|0|0|@TREE@/d|
file|0666|0|0|5|-|@TREE@/f|
E1
replays "guarded calls fail as they did" 0 guarded.replay
init guarded.replay
# a leak check traces, too
ASAN_OPTIONS=${ASAN_OPTIONS-}:detect_leaks=0 "$IORIOT" --quiet -c guarded.capture -- \
	"$IORIOT" -r guarded.replay --root "$place" -D > /dev/null
check "guarded calls: one without a descriptor is made as it was" grep -q \
	'o=fchownat;:,d=-1;:,p=;:,.*f=4096;:,s=-9;:,' guarded.capture

# Vectors that could not be read: no segments are known of them. One without any is no error.
replay_file vectors.replay <<'E1'
1+9|0|0|-|@TREE@/f|O_RDWR|0|>0|3|open
2+9|0|0|-|0|-|-EFAULT|readv
3+9|0|0|-|0|-|-EFAULT|writev
4+9|0|0|-|0|-|0|-EFAULT|preadv
5+9|0|0|-|0|-|0|readv
6+9|0|0|-|0|3|3|readv
INIT
file|0666|0|0|5|-|@TREE@/f|
E1
replays "vectors that could not be read" 0 vectors.replay
says "vectors that could not be read: results" "^0 divergences"

# Pages that are not there are results: behind the end of the file, of a map that has ended, of none.
replay_file maps.replay <<'E1'
0+9|0|0|-|@TREE@/f|O_RDWR|0|>0|3|open
1+9|0|0|-|-|20480|PROT_READ+PROT_WRITE+PROT_EXEC|MAP_SHARED|0|0|>M0|1|mmap
2+9|0|0|-|0:0:8192|8192|map_read
3+9|0|0|-|0:8192:4096|-EFAULT|map_read
4+9|0|0|-|0:4096:4096|4096|map_write
5+9|0|0|-|-|8192|PROT_READ+PROT_WRITE|MAP_PRIVATE|0|0|>M1|1|mmap
6+9|0|0|-|1:0:4096|-EFAULT|map_write
7+9|0|0|-|0:0:4096|4096|0|munmap
8+9|0|0|-|0:0:4096|-EFAULT|map_read
9+9|0|0|-|0:4096:4096,1:4096:4096|8192|map_read
10+9|0|0|-|0:0:20480|20480|40960|MREMAP_MAYMOVE|>-|-ENOMEM|mremap
11+9|0|0|-|1:0:8192|8192|40960|MREMAP_MAYMOVE|>M2|1|mremap
12+9|0|0|-|1:0:4096|-EFAULT|map_read
13+9|0|0|-|2:0:4096|4096|map_read
14+9|0|0|-|0|M0,M2|-|exit_group
15+9|0|0|-|2:0:4096|-EFAULT|map_read
16+9|1|1|15|@TREE@/f|O_RDONLY|0|>1|3|open
17+9|1|1|-|-|4096|PROT_READ+PROT_WRITE|MAP_SHARED|1|0|>-|-EACCES|mmap
18+9|1|1|-|-|4096|0|MAP_SHARED|1|0|>M3|1|mmap
19+9|1|1|-|3:0:4096|4096|map_read
20+9|1|1|-|3:0:4096|-EFAULT|map_write
INIT
file|0666|0|0|8000|0+8000|@TREE@/f|
E1
replays "touched pages are results" 0 maps.replay -p 1 -t 4
equal "touched pages end where the file does" "$(stat -c %s "$tree/f")" 8000
printf '%s\n' '0+9|0|0|-|@TREE@/f|O_RDWR|0|>0|3|open' '1+9|0|0|-|-|20480|PROT_READ|MAP_SHARED|0|0|>M0|1|mmap' \
	'2+9|0|0|-|0:0:20480|20480|map_read' INIT 'file|0666|0|0|8000|0+8000|@TREE@/f|' | replay_file bus.replay
replays "a page that is missing is a divergence" 3 bus.replay
says "a page that is missing is told" "1 map_read: expected 20480, got -EFAULT"

# From a directory that may not be entered any more: what is wrong besides the path comes first.
replay_file shut.replay <<'E1'
1+9|0|0|-|@TREE@/d|0|chdir
2+9|0|0|-|@TREE@/d|0600|0|chmod
3+9|1|1|-|@TREE@/e|0|chdir
4+9|0|0|-|x|user.a|70000|0|-E2BIG|setxattr
5+9|0|0|-|x|user.a|5|0|-EACCES|setxattr
6+9|0|0|-|x|0644|-EACCES|chmod
7+9|0|0|-|@TREE@/d|0700|0|chmod
INIT
dir|0777|0|0|@TREE@/d|
dir|0777|0|0|@TREE@/e|
E1
replays "directory that cannot be entered" 0 shut.replay -p 1 -t 1

# A file that nobody can remove is not made; to be refused that does no harm.
replay_file lasts.replay <<'E1'
1+9|0|0|-|@TREE@/f|O_RDWR|0|>0|3|open
2+9|0|0|-|0|FS_IOC_SETFLAGS|16|0|ioctl
3+9|0|0|-|0|FS_IOC_SETFLAGS|32|-EPERM|ioctl
INIT
file|0666|0|0|8192|0+8192|@TREE@/f|
E1
replays "immutable files" 0 lasts.replay --json lasts.json
equal "immutable files are not made" "$(json 'j["not_issued"], j["operations"], j["errors"]' lasts.json)" "(1, 2, 1)"

# Past the cache memory has to be aligned, and what failed of that fails again.
replay_file direct.replay <<'E1'
1+9|0|0|-|@TREE@/f|O_RDWR+O_DIRECT|0|>0|3|open
2+9|0|0|-|0|4096|0|4096|pread64
3+9|0|0|-|0|4096|0|-EINVAL|pread64
4+9|0|0|-|0|1,4095|0|0|-EINVAL|preadv2
5+9|0|0|-|0|4096|0|-EINVAL|pwrite64
INIT
file|0666|0|0|8192|0+8192|@TREE@/f|
E1
case $(stat -f -c %T .) in
ext2/ext3 | xfs | btrfs) replays "memory that is not aligned" 0 direct.replay ;;
*) skip "memory that is not aligned" "$(stat -f -c %T .) takes any" ;;
esac
# Where everything is deep in the tree Landlock has a second rule there: what is above is in reach as before, and
# so are moves between the two.
replay_file deep.replay <<'E1'
1+9|0|0|-|@TREE@/home/user/d/f|@TREE@/up|0|rename
2+9|0|0|-|@TREE@/up|O_RDWR|0|>0|3|open
3+9|0|0|-|@TREE@/up|@TREE@/home/user/e/f|0|rename
4+9|0|0|-|@TREE@/beside|0755|0|mkdir
5+9|0|0|-|@TREE@/home/user/e|@TREE@/beside/e|0|rename
6+9|0|0|-|@TREE@/beside/e/f|@TREE@/home/user/d/g|0|link
7+9|0|0|-|@TREE@/home|@TREE@/beside/home|0|rename
8+9|0|0|-|@TREE@/beside/home/user/d/g|O_RDONLY|0|>1|4|open
9+9|0|0|-|@TREE@/beside/home/user/d|O_RDONLY+O_DIRECTORY|0|>2|5|open
10+9|0|0|-|@TREE@/beside/home/user/d/g|0|unlink
INIT
dir|0755|0|0|@TREE@/home|
dir|0755|0|0|@TREE@/home/user|
dir|0755|0|0|@TREE@/home/user/d|
dir|0755|0|0|@TREE@/home/user/e|
file|0644|0|0|10|0+10|@TREE@/home/user/d/f|
E1
replays "deep in the tree, and above" 0 deep.replay --json deep.json
equal "deep in the tree, and above: all worked" "$(json 'j["operations"], j["errors"]' deep.json)" "(10, 0)"
done_testing
