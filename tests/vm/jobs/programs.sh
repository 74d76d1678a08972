# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Sourced by jobs: programs that do the same each time, so that captures of them can be compared. For
# each there is where_NAME, the directory that it works in, fresh_NAME, which makes this anew, and
# command_NAME, an array: its first word, a name that nothing else has, tells the program in a capture.
# shellcheck disable=SC2034
programs="matrix tar sqlite threads pipeline"

where_matrix=/home/user/matrix
command_matrix=(/job/syscall_matrix /tmp/matrix.pid /tmp/matrix.go "$where_matrix" user)
fresh_matrix() {
	rm -rf $where_matrix /tmp/matrix.pid*
	touch /tmp/matrix.go
}

where_tar=/mnt/xfs/tar
command_tar=(/job/run_tar)
write_tar() {
	echo 'tar --sort=name -cf all.tar source && mkdir copy && tar -xf all.tar -C copy && gzip -n < all.tar > all.tar.gz'
}
fresh_tar() {
	local d i
	rm -rf $where_tar
	for d in 1 2 3; do
		mkdir -p $where_tar/source/d$d
		for i in 1 2 3 4 5 6; do
			seq $((i * d * 400)) > $where_tar/source/d$d/f$i
		done
		ln $where_tar/source/d$d/f1 $where_tar/source/d$d/hard
		ln -s ../d1/f2 $where_tar/source/d$d/soft
		mkfifo $where_tar/source/d$d/fifo
	done
	find $where_tar/source -exec touch -h -d 2020-02-02 {} +
}

where_sqlite=/mnt/btrfs/sqlite
command_sqlite=(/job/run_sqlite)
write_sqlite() {
	echo "exec sqlite3 test.db '.read /job/inserts.sql'"
}
fresh_sqlite() {
	rm -rf $where_sqlite
	mkdir $where_sqlite
}

where_threads=/mnt/ext4/threads
command_threads=(/job/threads "$where_threads" 4 40)
fresh_threads() {
	rm -rf $where_threads
	mkdir $where_threads
}

where_pipeline=/mnt/xfs/pipeline
command_pipeline=(/job/run_pipeline)
write_pipeline() {
	echo 'mkdir sub
		cat words | sort | uniq -c | tee sub/counts | head -n 2 > first
		(cd sub; grep -c o ../words > n; mv counts renamed) && cat sub/* > all
		for i in 1 2 3; do wc -l words >> log; done
		cp --reflink=never words copy & wait; rm first'
}
fresh_pipeline() {
	rm -rf $where_pipeline
	mkdir $where_pipeline
	printf '%s\n' one two three two one zero > $where_pipeline/words
}

# fresh NAME: and the shell is where the program works.
fresh() {
	local -n directory=where_$1
	cd / || exit
	"fresh_$1"
	cd "$directory" 2>/dev/null || cd /home/user || exit
}

for name in tar sqlite pipeline; do
	{
		echo '#!/bin/sh'
		"write_$name"
	} > "/job/run_$name"
	chmod +x "/job/run_$name"
done
