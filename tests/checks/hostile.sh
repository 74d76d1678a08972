#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# time-limit: 1800
# Replays that want out of their tree, made of every row of the table and by hand (tests/hostile), as
# root and as an ordinary user, in a mount namespace with canaries outside of the tree. Once more some of
# them with the sanitizers. HOSTILE_STRIDE=N takes every Nth file only.
# shellcheck source=../lib.sh
. "$TESTS/lib.sh"

own_mounts "hostile replays" "needs root, against whom they are"

check "hostile replays of each row of the table" "$TESTS/hostile/generate.py" made
cp "$TESTS"/hostile/*.ops made
number=$(find made -name '*.ops' | wc -l)
check "$number files" test "$number" -ge 200
without=$(grep -oP '^OP\(\K\w+(?=,)(?!.*OPF_(FORK|STATE))(?!.*, (none|close_list)\))' "$SOURCE/src/ops/ops.def" |
	while read -r op; do compgen -G "made/*_${op}_*" > /dev/null || echo "$op"; done | tr '\n' ' ')
# Those have neither a path nor a descriptor, but numbers of maps, AIO contexts and rings of the replay's
# own: files that were written by hand have such numbers that there are not.
equal "every operation is in one of them" "$without" "munmap mremap msync madvise map_read map_write getcwd \
io_setup io_destroy io_submit io_cancel io_getevents io_pgetevents io_uring_setup io_uring_enter \
io_uring_register uring_nop uring_files_update umask "

run() { # STRIDE MEMORY SECONDS IORIOT
	chmod 755 .
	mkdir -p fs
	mount -t tmpfs -o strictatime,mode=755,size=256m none fs
	if ! "$TESTS/hostile/run.py" --stride "$1" --memory "$2" --seconds "$3" "$4" "$PWD/fs" made/*.ops; then
		failed=1
	fi
	umount fs
}

run "${HOSTILE_STRIDE:-1}" 200 100 "$IORIOT"
build build-asan '-fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer' ioriot
cp "$SOURCE/build-asan/ioriot" .
export ASAN_OPTIONS=exitcode=99:detect_leaks=1:allocator_may_return_null=1
run "$((${HOSTILE_STRIDE:-1} * 9))" 2000 100 "$PWD/ioriot"
done_testing
