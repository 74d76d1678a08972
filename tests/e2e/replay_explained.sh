#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Results that differ for a reason which no replay can have in its hands: named and counted apart from
# divergences; and what is like them without having that reason, which diverges.
# shellcheck source=../replay_lib.sh
. "$TESTS/replay_lib.sh"

init_a() {
	cat <<'E1'
INIT
file|0666|0|0|20000|0+20000|@TREE@/a|
dir|0777|0|0|@TREE@/d|
E1
}

kinds() { # FILE
	json '[(k["class"], k["operation"], k["count"], k["expected"], k["got"], k["first_replay_line"]) for k in j["explained_kinds"]]' "$1"
}

# Which thread gets a lock, or makes a name, is left to chance with --order=thread, and nowhere else.
{
	cat <<'E1'
0+9|0|0|-|@TREE@/a|O_RDWR|0|>0|3|open
1+9|0|0|-|@TREE@/a|O_RDWR|0|>1|4|open
2+9|0|0|-|0|F_OFD_SETLK|F_WRLCK,SEEK_SET,0,1|>-|0|fcntl
3+9|0|0|-|1|F_OFD_SETLK|F_WRLCK,SEEK_SET,0,1|>-|0|fcntl
4+9|0|0|-|1|F_OFD_SETLK|F_WRLCK,SEEK_SET,5,1|>-|-EAGAIN|fcntl
5+9|0|0|-|@TREE@/d|0777|0|mkdir
6+9|0|0|-|@TREE@/e|0777|-EEXIST|mkdir
7+9|0|0|-|@TREE@/a|O_RDWR+O_CREAT+O_EXCL|0600|>2|5|open
E1
	init_a
} | replay_file order.replay
replays "in order" 3 order.replay --json order.json
says "in order: they diverge" "Divergences \(5\)"
equal "in order: nothing is explained" "$(json 'j["divergences"], j["explained"]' order.json)" "(5, 0)"
replays "in no order" 0 order.replay --order=thread --json thread.json -S thread.stats
says "in no order: summary" "^0 divergences: every result is the captured one or explained"
says "in no order: counted" "^Explained, and no divergences \(5\):"
says "in no order: a lock" "2 lock \(.*\): fcntl: expected 0, got -EAGAIN; first: line 5 of .*, line 5 of the capture"
says "in no order: a name" "3 race \(.*\): mkdir: expected 0, got -EEXIST; first: line 7 of"
check "in no order: in the statistics" grep -q 'Explained: 5$' thread.stats
equal "in no order: JSON" "$(json 'j["divergences"], j["explained"]' thread.json)$(kinds thread.json)" \
	"(0, 5)[('lock', 'fcntl', 2, 0, '-EAGAIN', 5), ('race', 'mkdir', 3, 0, '-EEXIST', 7)]"
{
	cat <<'E1'
0+9|0|0|-|@TREE@/d|0777|-ENOENT|mkdir
1+9|0|0|-|@TREE@/a|O_RDWR+O_CREAT|0600|>0|-EEXIST|open
2+9|0|0|-|@TREE@/a|O_RDWR|0|>1|3|open
3+9|0|0|-|1|F_OFD_SETLK|F_WRLCK,SEEK_SET,0,1|>-|-EINVAL|fcntl
E1
	init_a
} | replay_file other.replay
replays "other errors" 3 other.replay --order=thread
says "other errors: diverge" "Divergences \(3\)"

# Direct I/O of as many bytes as the captured file system took.
{
	cat <<'E1'
0+9|0|0|-|@TREE@/a|O_RDWR+O_DIRECT|0|>0|3|open
1+9|0|0|-|0|100|100|read
2+9|0|0|-|0|4096|100|4096|pread64
3+9|0|0|-|0|4096|4096|4096|pread64
E1
	init_a
} | replay_file direct.replay
{
	cat <<'E1'
0+9|0|0|-|@TREE@/a|O_RDWR|0|>0|3|open
1+9|0|0|-|0|4096|-EINVAL|read
2+9|0|0|-|0|4096|-1|4096|pread64
E1
	init_a
} | replay_file buffered.replay
cat >probe.py <<'E1'
import errno, mmap, os, sys
try:
    fd = os.open("probe", os.O_RDWR | os.O_CREAT | os.O_DIRECT)
    os.pwrite(fd, mmap.mmap(-1, 4096), 0)
    os.preadv(fd, [memoryview(mmap.mmap(-1, 4096))[:100]], 0)
except OSError as e:
    sys.exit(e.errno != errno.EINVAL)
sys.exit("it takes direct I/O of any size")
E1
if refusal=$(python3 probe.py 2>&1); then
	replays "direct" 0 direct.replay --json direct.json
	equal "direct: explained" "$(kinds direct.json)" "[('alignment', 'read', 2, 100, '-EINVAL', 3)]"
else
	skip "direct" "this file system does not ask for alignment: $refusal"
fi
replays "buffered" 3 buffered.replay
says "buffered: nothing is explained" "Divergences \(2\)"

# What is in the cache, when a call does not wait for the rest.
{
	cat <<'E1'
0+9|0|0|-|@TREE@/a|O_RDWR|0|>0|3|open
1+9|0|0|-|0|100|0|100|pread64
2+9|0|0|-|0|100|0|RWF_NOWAIT|-EAGAIN|preadv2
3+9|0|0|-|0|100|0|RWF_NOWAIT|40|preadv2
E1
	init_a
} | replay_file nowait.replay
{
	cat <<'E1'
0+9|0|0|-|@TREE@/a|O_RDWR|0|>0|3|open
2+9|0|0|-|0|100|0|0|-EAGAIN|preadv2
3+9|0|0|-|0|100|0|RWF_NOWAIT|0|preadv2
E1
	init_a
} | replay_file wait.replay
if refusal=$(python3 -c 'import os; fd = os.open("probe.py", os.O_RDONLY); os.preadv(fd, [bytearray(9)], 0, 8)' 2>&1); then
	replays "nowait" 0 nowait.replay --json nowait.json
	equal "nowait: explained" "$(kinds nowait.json)" "[('nowait', 'preadv2', 2, '-EAGAIN', 100, 4)]"
	replays "wait" 3 wait.replay
	says "wait: nothing is explained" "Divergences \(2\)"
else
	skip "nowait" "this file system does not have it: ${refusal##*$'\n'}"
fi

# Which file a submission found by a number that was closed and opened again behind it, no capture tells.
number() { # FLAGS
	cat <<E1
0+9|0|0|-|@TREE@/a|O_RDWR|0|>0|3|open
1+9|0|0|-|8|0|0|1|>1|4|io_uring_setup
2+9|0|0|-|1|2|2|0|1|0|2|io_uring_enter
2+9|0|0|-|1:0:$1:-:-|0|100|0|0|70|uring_read
2+9|0|0|-|1:1:IOSQE_ASYNC:-:-|0|100|0|0|100|uring_read
E1
	init_a
}
number IOSQE_ASYNC+REUSED | replay_file number.replay
number IOSQE_ASYNC | replay_file known.replay
if why=$(uring_is_refused); then
	skip "number" "this host does not allow io_uring: $why"
else
	replays "number" 0 number.replay --json number.json
	equal "number: explained" "$(kinds number.json)" "[('number', 'uring_read', 1, 70, 100, 5)]"
	replays "known" 3 known.replay
	says "known: nothing is explained" "Divergences \(1\)"
fi

# ext4 changes how a file is mapped only after it was written out.
{
	cat <<'E1'
0+9|0|0|-|@TREE@/b|O_RDWR+O_CREAT|0600|>0|3|open
1+9|0|0|-|0|FS_IOC_SETFLAGS|0|-EOPNOTSUPP|ioctl
2+9|0|0|-|0|FS_IOC_SETFLAGS|524288|0|ioctl
E1
	init_a
} | replay_file flags.replay
sed 's/-EOPNOTSUPP/-EINVAL/' flags.replay >flags2.replay
# Without extents nothing can be allocated; with them that is refused for other reasons only.
{
	cat <<'E1'
0+9|0|0|-|@TREE@/b|O_RDWR+O_CREAT|0600|>0|3|open
1+9|0|0|-|0|FS_IOC_SETFLAGS|0|-EOPNOTSUPP|ioctl
2+9|0|0|-|0|0|0|4096|0|fallocate
E1
	init_a
} | replay_file blocks.replay
{
	cat <<'E1'
0+9|0|0|-|@TREE@/b|O_RDWR+O_CREAT|0600|>0|3|open
1+9|0|0|-|0|FS_IOC_SETFLAGS|0|-EOPNOTSUPP|ioctl
2+9|0|0|-|@TREE@/c|O_RDWR+O_CREAT|0600|>1|4|open
3+9|0|0|-|1|FALLOC_FL_UNSHARE_RANGE|0|4096|0|fallocate
E1
	init_a
} | replay_file extents.replay
if [ "$(stat -f -c %T .)" = ext2/ext3 ] && grep -q " ext4 " /proc/self/mountinfo; then
	replays "flags" 0 flags.replay --json flags.json
	equal "flags: explained" "$(kinds flags.json)" "[('writeback', 'ioctl', 1, '-EOPNOTSUPP', 0, 3)]"
	replays "flags with another error" 3 flags2.replay
	replays "no extents" 0 blocks.replay --json blocks.json
	equal "no extents: explained" "$(kinds blocks.json)" "[('writeback', 'ioctl', 2, '-EOPNOTSUPP', 0, 3)]"
	replays "extents" 3 extents.replay
	says "extents: not explained" "Divergences \(1\)"
	mkdir low up work
	# as arguments of the shell inside
	# shellcheck disable=SC2016
	over=(unshare --mount --propagation private sh -c 'mount -t overlay -o "lowerdir=$PWD/low,upperdir=$PWD/up,workdir=$PWD/work" overlay "$1" &&
		chmod 755 "$1" && "$IORIOT" -i flags.replay --root "$1" --quiet && "$IORIOT" -r flags.replay --root "$1" -D --json over.json' sh "$place")
	if ! is_root; then
		skip "flags on an overlay" "needs root"
	elif refusal=$(unshare --mount --propagation private mount -t overlay -o "lowerdir=$PWD/low,upperdir=$PWD/up,workdir=$PWD/work" \
		overlay "$place" 2>&1); then
		status_is "flags on an overlay" 0 "${over[@]}"
		equal "flags on an overlay: explained" "$(kinds over.json)" "[('writeback', 'ioctl', 1, '-EOPNOTSUPP', 0, 3)]"
	else
		skip "flags on an overlay" "this host has none: $refusal"
	fi
else
	skip "flags" "this is not ext4"
fi
done_testing
