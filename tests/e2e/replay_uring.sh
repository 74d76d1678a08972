#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Rings of io_uring in replays written by hand.
# shellcheck source=../replay_lib.sh
. "$TESTS/replay_lib.sh"

if why=$(uring_is_refused); then
	skip "io_uring" "this host does not allow it: $why"
	done_testing
	exit
fi

# Descriptors that are closed before it is seen that what was submitted on them is over.
awk 'BEGIN {
	print "1+9|0|0|-|8|0|0|1|>0|6|io_uring_setup"
	for (i = 1; i <= 300; i++) {
		t = 10 * i
		print t "+1|0|0|-|@TREE@/f|O_RDWR|0|>" i "|7|open"
		print t + 1 "+1|0|0|-|0|1|0|0|1|" i - 1 "|1|io_uring_enter"
		print t + 2 "+1|0|0|-|" i "|-|0|close"
		print t + 3 "+1|0|0|-|1:" i - 1 ":IOSQE_ASYNC:-:-|" i "|0|0|0|uring_fsync"
	}
	print "INIT"
	print "file|0666|0|0|5|-|@TREE@/f|"
}' | replay_file closed.replay
replays "closed before it is over" 0 closed.replay -p 1 -t 1
says "closed before it is over: results" "^0 divergences"

# A vector that could not be read.
replay_file vector.replay << 'E1'
1+9|0|0|-|8|0|0|1|>0|6|io_uring_setup
2+9|0|0|-|@TREE@/f|O_RDWR+O_CREAT|0600|>1|7|open
3+9|0|0|-|0|3|3|0|1|0|3|io_uring_enter
4+9|0|0|-|1:0:0:-:-|1|-|0|0|-EFAULT|uring_readv
5+9|0|0|-|1:1:0:-:-|1|-|0|0|-EFAULT|uring_writev
6+9|0|0|-|1:2:0:-:-|1|-|0|0|0|uring_readv
E1
replays "a vector that could not be read" 0 vector.replay
says "a vector that could not be read: results" "^0 divergences"

# The thread that submitted it has ended, and with it the descriptor, when it is seen that it is over.
replay_file ended.replay << 'E1'
1+9|0|0|-|8|0|0|1|>0|6|io_uring_setup
2+9|0|0|-|@TREE@/f|O_RDWR+O_CREAT|0600|>1|7|open
3+9|0|0|-|0|2|0|0|1|0|2|io_uring_enter
4+9|0|0|-|0|1|-|exit
3+9|1|0|3,2|1:0:0:-:-|1|0|0|0|uring_fsync
3+9|1|0|3,2|1:1:0:-:-|1|0|0|0|uring_fsync
E1
for layout in "1 1" "1 8" "4 16"; do
	# shellcheck disable=SC2086
	set -- $layout
	replays "its thread has ended, $layout" 0 ended.replay -p "$1" -t "$2"
	says "its thread has ended, $layout: results" "^0 divergences"
done

# Slots for files that the program named at a bad address, without a table and with one.
replay_file slots.replay << 'E1'
1+9|0|0|-|8|0|0|1|>0|6|io_uring_setup
2+9|0|0|-|0|1|0|0|1|0|1|io_uring_enter
3+9|0|0|-|1:0:0:-:-|2|-|-ENXIO|uring_files_update
4+9|0|0|-|0|IORING_REGISTER_FILES|-|4|1|0|io_uring_register
5+9|0|0|-|0|2|0|0|1|1|2|io_uring_enter
6+9|0|0|-|1:1:0:-:-|2|-|-EFAULT|uring_files_update
7+9|0|0|-|1:2:0:-:-|2|-|-EINVAL|uring_files_update
E1
replays "slots of unknown files" 0 slots.replay
says "slots of unknown files: results" "^0 divergences"
done_testing
