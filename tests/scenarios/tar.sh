#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# tar out of a tree of all kinds of files and back into another: hard and symbolic links, holes,
# modes, a fifo, empty directories, odd names, utimensat, directories read with getdents.
# shellcheck source=../scenario_lib.sh
. "$TESTS/scenario_lib.sh"

setup() {
	mkdir -p tree/deep/er/still tree/empty tree/closed
	for n in $(seq 40); do
		seq "$n" $((n * 50)) > "tree/deep/file$n"
	done
	ln tree/deep/file1 tree/deep/er/second-name
	ln -s ../../deep/file2 tree/deep/er/relative
	echo inside > tree/closed/file
	ln -s "$PWD/tree/deep" tree/absolute
	ln -s nowhere tree/dangling
	truncate -s 3M tree/hole
	printf x | dd of=tree/hole bs=1 seek=1500000 conv=notrunc status=none
	: > tree/nothing
	: > 'tree/name with ; and | and \ in it'
	mkfifo tree/fifo
	chmod 640 tree/deep/file3
	chmod 755 tree/deep/file4
	chmod 711 tree/deep/file5
	chmod 1777 tree/empty
	chmod 700 tree/closed
}

program='tar -cSf out.tar tree && mkdir copy && tar -xSpf out.tar -C copy'
scenario tar . sh -c "$program"
scenario_as_user tar_user . sh -c "$program"
done_testing
