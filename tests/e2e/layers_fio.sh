#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Profiles of fio's jobs: 8 engines, one after the other and at random, reading and writing. Each byte is there once as
# an operation on the file and once as a request of the block layer, and what is sequential is seen to be.
# time-limit: 300
# shellcheck source=../lib.sh
. "$TESTS/lib.sh"
# shellcheck source=../bpf_lib.sh
. "$TESTS/bpf_lib.sh"

if [ -z "${LAYERS_ALONE-}" ]; then
	bpf_or_skip "profiles of fio"
	if ! losetup -f >/dev/null 2>&1 || ! unshare --mount true 2>/dev/null; then
		skip "profiles of fio" "this host has no loop devices or mount namespaces"
		done_testing
	fi
	LAYERS_ALONE=yes exec unshare --mount --propagation private "$0"
fi

engines="libaio posixaio sync psync vsync pvsync mmap io_uring"
why=$(uring_is_refused)
if [ -n "$why" ]; then
	skip "profile of io_uring" "this host does not allow it: $why"
	engines=${engines% io_uring}
fi

size=${LAYERS_FIO_SIZE-1048576}
truncate -s $((64 * size + (64 << 20))) image
mkdir -p fs csv
check "a file system" mkfs.ext4 -q image || done_testing
check "mounted" mount -o loop image fs || done_testing

# Files that are read, or of which pages are, are there before, and none of their pages is in memory.
for engine in $engines; do
	for way in read randread; do
		head -c "$size" /dev/urandom >fs/"$engine-$way"
	done
done
for way in write randwrite; do
	head -c "$size" /dev/urandom >fs/mmap-$way
done
"$TESTS/e2e/layers_uncache.py" fs/*

{
	printf '[global]\ndirectory=%s\nsize=%s\n' "$PWD/fs" "$size"
	printf 'bs=4k\nrandseed=11\nfallocate=none\nend_fsync=1\nstonewall\n'
	for engine in $engines; do
		for way in write randwrite read randread; do
			printf '[%s]\nioengine=%s\nrw=%s\nfilename=%s\n' "$engine-$way" "$engine" "$way" "$engine-$way"
		done
	done
} >jobs.fio
"$IORIOT" --quiet -c fio.capture -L sys,block --backend=bpf -- fio --output=fio.out jobs.fio >fio.said 2>&1
equal "recorded" $? 0 || cat fio.said
check "as CSV" "$IORIOT" -a fio.capture -L all --export csv:csv
for engine in $engines; do
	for way in write randwrite read randread; do
		check "$engine, $way" "$TESTS/e2e/layers_fio.py" csv "$PWD/fs/$engine-$way" "$way" "$size" "$engine"
	done
done
done_testing
