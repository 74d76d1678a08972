#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Linux AIO in replays written by hand: whose result is compared with what, what is waited for, and
# whose contexts are whose.
# shellcheck source=../replay_lib.sh
. "$TESTS/replay_lib.sh"

init_a() {
	cat <<'E1'
INIT
file|0666|0|0|20000|0+20000|@TREE@/a|
E1
}

# The events come in another order than in the capture: each has the result of its own iocb.
{
	cat <<'E1'
0+9|0|0|-|@TREE@/a|O_RDWR|0|>0|3|open
1+9|0|0|-|8|0|0|io_setup
2+9|0|0|-|0|3|1:0:0:0:100,2:0:0:19000:4096,3:1:0:0:50|3|io_submit
3+9|0|0|-|0|1|8|3:50|-|1|io_getevents
4+9|0|0|-|0|1|8|2:1000:0:1|-|1|io_getevents
5+9|0|0|-|0|1|8|1:100|-|1|io_getevents
6+9|0|0|-|0|0|io_destroy
E1
	init_a
} | replay_file order.replay
replays "order" 0 order.replay --json order.json
says "order: summary" "0 divergences"
equal "order: bytes" "$(json 'j["bytes_read"], j["bytes_written"]' order.json)" "(1100, 50)"
equal "order: by kind" "$(json '[(i["kind"], i["count"], i["errors"], i["divergences"], i["bytes"]) for i in j["by_iocb"]]' \
	order.json)" "[('read', 2, 0, 0, 1100), ('write', 1, 0, 0, 50)]"
equal "order: as captured, in ns" "$(json '[i["captured_ns"]["sum"] for i in j["by_iocb"]]' order.json)" "[23, 10]"
equal "order: results of calls are no bytes" \
	"$(json '{o["name"]: o["bytes"] for o in j["by_operation"]}["io_getevents"]' order.json)" 0

# A result that is another one is a divergence of the operation that tells what it was.
{
	cat <<'E1'
0+9|0|0|-|@TREE@/a|O_RDWR|0|>0|3|open
1+9|0|0|-|8|0|0|io_setup
2+9|0|0|-|0|2|1:0:0:0:100,2:0:0:19000:4096|2|io_submit
3+9|0|0|-|0|1|8|2:4096|-|1|io_getevents@33
4+9|0|0|-|0|1|8|1:-5|-|1|io_getevents
5+9|0|0|-|0|2|3:0:0:0:100,4294967295:0:4294967295:0:1|1|io_submit
6+9|0|0|-|0|1|3:0:0:0:100|-EAGAIN|io_submit
E1
	init_a
} | replay_file wrong.replay
replays "wrong" 3 wrong.replay
says "wrong: bytes" "1 io_getevents: expected 4096, got 1000; first: line 5 of .*, line 33 of the capture"
says "wrong: error" "1 io_getevents: expected -EIO, got 100"
says "wrong: not refused" "1 io_submit: expected -EAGAIN, got 1"

# Two processes in one worker, each with a context; one takes no events of the other, and ends first.
{
	cat <<'E1'
0+9|0|0|-|@TREE@/a|O_RDWR|0|>0|3|open
0+9|0|0|-|1:1|0:1|5|fork
1+9|0|0|-|8|0|0|io_setup
1+9|1|1|-|8|1|0|io_setup
2+9|0|0|-|0|1|1:0:0:0:100|1|io_submit
2+9|1|1|6|1|2|1:0:1:0:70,2:0:1:0:71|2|io_submit
3+9|1|1|-|1|0|8|1:70,2:71|0|2|io_getevents
4+9|1|1|-|0|1,K1|-|exit_group
5+9|0|0|9|0|1|8|1:100|-|1|io_getevents
6+9|0|0|-|none|1|4294967295:0:0:0:1|-EINVAL|io_submit
7+9|0|0|-|0|0,K0|-|exit_group
E1
	init_a
} | replay_file processes.replay
for layout in "1 1" "1 4" "4 4"; do
	replays "processes: $layout" 0 processes.replay -p "${layout% *}" -t "${layout#* }"
done

# A context of before the capture; events that the program took out of the ring itself; more of these
# than the ring has room for; what nobody waited for.
{
	cat <<'E1'
0+9|0|0|-|@TREE@/a|O_RDWR|0|>0|3|open
1+9|0|0|-|0|1|1:0:0:0:10|1|io_submit
2+9|0|0|-|0|1|2:0:0:0:20:0:1|1|io_submit
3+9|0|0|-|0|1|8|2:20|-|1|io_getevents
E1
	for i in $(seq 3 5000); do
		echo "4+9|0|0|-|0|1|$i:0:0:0:1|1|io_submit"
	done
	init_a
} | replay_file unseen.replay
replays "unseen" 0 unseen.replay --json unseen.json
equal "unseen: all were over" "$(json 'j["by_iocb"][0]["count"], j["bytes_read"]' unseen.json)" "(5000, 5028)"

# A cut waits for what was over before it in the capture: a thousand times, so that a race would show.
{
	echo '0+9|0|0|-|@TREE@/a|O_RDWR+O_DIRECT|0|>0|3|open'
	echo '1+9|0|0|-|64|0|0|io_setup'
	for ((i = 1; i < 1000; i += 2)); do
		echo "2+9|0|0|-|0|2|$i:0:0:0:16384,$((i + 1)):0:0:4096:4096|2|io_submit"
		echo "3+9|0|0|-|0|1|8|$i:16384|-|1|io_getevents"
		echo "3+9|0|0|-|0|1|8|$((i + 1)):4096|-|1|io_getevents"
		echo '4+9|0|0|-|0|0|0|ftruncate'
		echo '5+9|0|0|-|0|16384|0|ftruncate'
	done
	init_a
} | replay_file cut.replay

# Another thread's cut waits too, and takes the events that the first one is waiting for.
{
	echo '0+9|0|0|-|@TREE@/a|O_RDWR+O_DIRECT|0|>0|3|open'
	echo '0+9|0|0|-|@TREE@/a|O_RDWR|0|>1|4|open'
	echo '0+9|0|0|-|CLONE_VM+CLONE_FS+CLONE_FILES+CLONE_SIGHAND+CLONE_THREAD|0:1|-|5|clone'
	echo '1+9|0|0|-|64|0|0|io_setup'
	for ((i = 1; i < 3000; i++)); do
		echo "2+9|0|0|-|0|1|$i:0:0:0:4096|1|io_submit"
		echo "3+9|0|0|-|0|1|1|$i:4096|-|1|io_getevents"
		echo "4+9|1|0|$([ $i = 1 ] && echo 4 || echo -)|1|20000|0|ftruncate"
	done
	init_a
} | replay_file steals.replay
if dd if=/dev/zero of=probe bs=4096 count=1 oflag=direct 2> probe.err; then
	replays "cut" 0 cut.replay
	replays "cut by another thread" 0 steals.replay -p 1 -t 2
else
	skip "cut" "this file system has no direct I/O: $(cat probe.err)"
fi
done_testing
