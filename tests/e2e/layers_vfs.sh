#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Operations on files (-L vfs): each of them once, with its names, flags, place, length and result, whoever records the
# calls; and what in them lets go of pages.
# shellcheck source=../lib.sh
. "$TESTS/lib.sh"
# shellcheck source=../bpf_lib.sh
. "$TESTS/bpf_lib.sh"

cc -D_GNU_SOURCE -O1 -Wall -Wextra -o program "$TESTS/e2e/vfs_program.c" || exit
program=$PWD/program

# operation|filename|size|flags|offset|mmap_prot|mmap_flags|result|bytes|mode|call; D is the directory
expected() { # PROGRAM'S MMAP RESULT
	cat <<-END
		OPEN|D/file|0|O_RDWR+O_CREAT+O_EXCL||||3|0|0644|openat
		WRITE|D/file|8192||0|||8192|8192||write
		WRITE|D/file|50||100|||50|50||pwrite64
		WRITE|D/file|300||1000|||300|300||pwritev
		READ|D/file|20||10|||20|20||read
		READ|D/file|300||4000|||300|300||preadv
		FALLOCATE|D/file|4096|FALLOC_FL_KEEP_SIZE|16384|||0|0||fallocate
		FSYNC|D/file|0|||||0|0||fsync
		FDATASYNC|D/file|0|||||0|0||fdatasync
		FSYNC|D/file|4096|SYNC_FILE_RANGE_WRITE|0|||0|0||sync_file_range
		TRUNCATE|D/file|6000|||||0|0||ftruncate
		SYNC|D/file|0|||||0|0||syncfs
		OPEN|D/direct|0|O_RDWR+O_CREAT+O_DIRECT||||4|0|0600|openat
		DIO_WRITE|D/direct|4096||4096|||4096|4096||pwrite64
		DIO_READ|D/direct|4096||4096|||4096|4096||pread64
		CLOSE|D/direct|0|||||0|0||close
		MMAP|D/file|8192||0|PROT_READ+PROT_WRITE|MAP_SHARED|AT|0||mmap
		MADVISE|D/file|8192|MADV_RANDOM||||0|0||madvise
		MSYNC|D/file|4096|MS_SYNC||||0|0||msync
		MUNMAP|D/file|8192|||||0|0||munmap
		MKDIR|D/dir|0|||||0|0|0750|mkdir
		MKDIR|D/dir/gone|0|||||0|0|0700|mkdir
		RENAME|D/direct -> D/dir/renamed|0|||||0|0||rename
		LINK|D/dir/renamed -> D/linked|0|||||0|0||link
		SYMLINK|dir/renamed -> D/points|0|||||0|0||symlink
		GETATTR|D/points|0|||||0|0||newfstatat
		GETATTR|D/points|0|AT_SYMLINK_NOFOLLOW||||0|0||newfstatat
		GETATTR|D/none|0|||||-2|0||newfstatat
		SETATTR|D/linked|0|||||0|0|0640|chmod
		SETATTR|D/linked|0|||||0|0||chown
		SETATTR|D/linked|0|||||0|0||utimensat
		OPEN|D/dir|0|O_RDONLY+O_DIRECTORY||||4|0|0|openat
		READDIR|D/dir|8192||0|||N|N||getdents64
		RMDIR|D/dir/gone|0|AT_REMOVEDIR||||0|0||unlinkat
		UNLINK|D/dir/renamed|0|||||0|0||unlinkat
		UNLINK|D/points|0|||||0|0||unlink
		CHDIR|D/dir|0|||||0|0||chdir
		CHDIR|D|0|||||0|0||chdir
		RMDIR|D/dir|0|||||0|0||rmdir
		CLOSE|D/dir|0|||||0|0||close
		OPEN|D/copied|0|O_WRONLY+O_CREAT+O_TRUNC||||4|0|0600|openat
		SENDFILE|D/file -> D/copied|1000|||||1000|1000||sendfile
		SPLICE|D/file -> pipe:|500|||||500|500||splice
		VMSPLICE|pipe:|64|||||64|64||vmsplice
		COPY_FILE_RANGE|D/file -> D/copied|300|||||300|300||copy_file_range
		CLOSE|D/copied|0|||||0|0||close
		READ|D/file|700||200|||700|700||aio_read
		TRUNCATE|D/file|100|||||0|0||truncate
		SYNC||0|||||0|0||sync
		CLOSE|D/file|0|||||0|0||close
	END
}

try() { # BACKEND
	local b=$1
	mkdir "$b" "$b.csv"
	(cd "$b" && "$IORIOT" --quiet -c "../$b.capture" -L vfs --backend="$b" -- "$program" >../"$b.out")
	equal "$b: status" $? 0
	check "$b: CSV" "$IORIOT" -a "$b.capture" -L all --export csv:"$b.csv"
	check "$b: lines" "$TESTS/e2e/layers_vfs.py" "$b.csv" "$PWD/$b" "$(<"$b.out")" "$(stat -c %i "$b/file")"
	expected >wanted
	"$TESTS/e2e/layers_vfs.py" "$b.csv" "$PWD/$b" "$(<"$b.out")" >"$b.lines"
	if cmp -s wanted "$b.lines"; then
		ok "$b: each operation, once"
	else
		not_ok "$b: each operation, once" "$(diff wanted "$b.lines" | tr '\n' '~')"
	fi
	equal "$b: what lets go of pages" "$(awk -F, -v OFS=, '{ sub(".*/", "", $14) }
		$4 == "invalidate" { print $14, $11, $12 }' "$b.csv/cache_events.csv" | tr '\n' ' ')" \
		"file,4096,4096 file,6000,0 direct,4096,4096 file,100,0 "
}

# Lines of ld.so and of what is printed are told apart by their files.
if [ "$(stat -f -c %T .)" = tmpfs ]; then
	skip "operations on files" "tmpfs has no direct I/O"
	done_testing
fi
try ptrace
lacks=$(bpf_lacks)
if [ -n "$lacks" ]; then
	skip "operations on files with BPF" "$lacks"
else
	try bpf
fi

# Only those of calls are looked at, and never those without a file.
"$IORIOT" --quiet -c few.capture -L vfs -- sh -c 'mkdir a; true | cat >a/b; rmdir c' 2>/dev/null
equal "calls that are none" "$("$IORIOT" -a few.capture -L vfs --by op | grep -cE ' (pipe2?|dup2|fcntl|umask|clone|vfork)$')" 0
equal "failures as well" "$("$IORIOT" -a few.capture -L vfs -F 'op==rmdir' --by op | awk 'END { print $NF }')" rmdir
fails "there are no samples of them" 2 "-L: calls are recorded all or not at all" \
	"$IORIOT" -c no.capture -L vfs=4 -- true

# The whole host's caches are dropped by a write; that of 4 (no message of it) drops none, for the sake of other tests.
if is_root && [ -w /proc/sys/vm/drop_caches ]; then
	mkdir drop.csv
	"$IORIOT" --quiet -c drop.capture -- sh -c 'echo 4 >/proc/sys/vm/drop_caches'
	"$IORIOT" -a drop.capture --export csv:drop.csv
	equal "caches are dropped" "$(awk -F, '$4 == "drop" { print $14 }' drop.csv/cache_events.csv)" \
		/proc/sys/vm/drop_caches
else
	skip "caches are dropped" "this user may not"
fi
done_testing
