# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# The job of tests/vm/vfs.sh: programs that go many ways, recorded, and beside it what functions of the kernel are called.
# shellcheck source=../job_lib.sh
. /usr/lib/ioriot/job_lib.sh

backends=stap
ioriot --check 2>&1 | grep -q 'ok *backend *part of this build' && backends='stap bpf'

# Of Linux 6.1: struct kiocb has its file first, struct file its inode at 32, struct path its name at 8 and that its
# inode at 48, struct inode its number at 64 and its file system at 40, which has its device at 16.
inode='inode=+64(+32(+0($arg1))):u64'
# shellcheck disable=SC2016
of_file='inode=+64(+32($arg1)):u64 dev=+16(+40(+32($arg1))):u32'
# shellcheck disable=SC2016
of_path='inode=+64(+48(+8($arg1))):u64 dev=+16(+40(+48(+8($arg1)))):u32'
tracing=/sys/kernel/tracing
{
	for way in read write; do
		echo "p:ways/${way} ext4_file_${way}_iter $inode count=+16(\$arg2):u64"
		echo "r1000:ways/${way}_over ext4_file_${way}_iter ret=\$retval:s64"
	done
	for name in unlink rmdir mkdir rename link symlink fallocate; do
		echo "r1000:ways/$name vfs_$name ret=\$retval:s32"
	done
	echo "r1000:ways/truncate do_truncate ret=\$retval:s32"
	echo "p:ways/synced ext4_sync_file $of_file"
	echo "p:ways/opened vfs_open $of_path"
	echo "p:ways/stat security_inode_getattr $of_path"
	echo "p:ways/mapped do_mmap file=\$arg1:u64 $of_file" # without a file the rest is anything
	echo "p:ways/unmapped __vm_munmap at=\$arg1:u64 length=\$arg2:u64"
	echo "p:ways/close close_fd"
	echo "r1000:ways/close_end close_fd"
	echo "p:ways/closed filp_close $of_file" # by close(2), and when a process ends
	echo "r1000:ways/change notify_change ret=\$retval:s32"
	echo "r1000:ways/list iterate_dir ret=\$retval:s32"
	echo "p:ways/chdir set_fs_pwd"
	echo "p:ways/advised do_madvise at=\$arg2:u64 length=\$arg3:u64"
	echo "p:ways/moved vma_to_resize at=\$arg1:u64 length=\$arg2:u64" # of each map that grows
	echo "r1000:ways/given add_to_pipe ret=\$retval:s64" # by vmsplice, a page
	echo "r1000:ways/sent do_sendfile ret=\$retval:s64"
	echo "r1000:ways/spliced do_splice ret=\$retval:s64"
	echo "p:ways/sync ksys_sync"
	echo "r1000:ways/syncfs sync_filesystem ret=\$retval:s32"
	echo "r1000:ways/exec bprm_execve ret=\$retval:s32"
	echo "p:ways/exit do_group_exit"
} > /tmp/hooks
while read -r hook; do
	check "the kernel has ${hook#* }" eval 'echo "$hook" >> $tracing/kprobe_events'
done < /tmp/hooks
echo 16384 > $tracing/buffer_size_kb

cat > /tmp/ways.sh <<'END'
cd "$1" || exit
mkdir operations rings
(cd operations && exec /job/vfs_program) || exit
(cd rings && exec /job/rings_program data) || exit
exec python3 /job/vfs_ways.py ways
END
for backend in $backends; do
	mkdir "/mnt/ext4/$backend"
	echo > $tracing/trace
	ioriot -c "/out/$backend.capture" -L vfs --backend="$backend" --buffer=32 -- \
		sh -c 'echo 1 > /sys/kernel/tracing/events/ways/enable; exec sh /tmp/ways.sh "$1"' sh "/mnt/ext4/$backend" \
		> "/tmp/$backend.out" 2> "/out/$backend.said" < /dev/null
	equal "$backend: status" $? 0 || cat "/out/$backend.said" "/tmp/$backend.out"
	echo 0 > $tracing/events/ways/enable
	cat $tracing/trace > "/out/$backend.trace"
	find "/mnt/ext4/$backend" -type f -exec stat -c '%i %Hd:%Ld %n' {} + > "/out/$backend.inodes"
done
