#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# ioctl(2) on files: bytes that are shared by clones and deduplication, maps of extents, space that is
# reserved, file attributes, on file systems that can do it; and what those that cannot answer.
# shellcheck source=../scenario_lib.sh
. "$TESTS/scenario_lib.sh"

setup() {
	seq 40000 > list
	cp list same
	truncate -s 3M holes
	seq 20000 >> holes
	cat > program.py <<'PROGRAM'
import errno, fcntl, os, struct, subprocess, sys, threading

CLONE, CLONE_RANGE, DEDUPE = 0x40049409, 0x4020940d, 0xc0189436
FIEMAP, GETFLAGS, SETFLAGS, FSGET, FSSET = 0xc020660b, 0x80086601, 0x40086602, 0x801c581f, 0x401c5820
RESERVE, PUNCH, ZERO, CLOEXEC, NOCLOEXEC = 0x4030582a, 0x4030582b, 0x40305839, 0x5451, 0x5450
can_clone = sys.argv[1] == "clones"


def does(fd, command, argument=0):
    """Whether the file system does it: a failure is recorded as well."""
    try:
        return fcntl.ioctl(fd, command, argument) or True
    except OSError as e:
        assert e.errno in (errno.EOPNOTSUPP, errno.ENOTTY, errno.EINVAL, errno.EXDEV, errno.EPERM), e
        return False


source = os.open("list", os.O_RDWR)
size = os.fstat(source).st_size
copy = os.open("copy", os.O_RDWR | os.O_CREAT, 0o640)
assert does(copy, CLONE, source) == can_clone
part = os.open("part", os.O_RDWR | os.O_CREAT, 0o640)
assert bool(does(part, CLONE_RANGE, struct.pack("qQQQ", source, 4096, 8192, 65536))) == can_clone
assert not does(part, CLONE_RANGE, struct.pack("qQQQ", source, 1, 5, 7))  # EINVAL: no whole blocks
if can_clone:
    assert os.fstat(copy).st_size == size and os.fstat(part).st_size == 73728
    assert len(os.pread(copy, size + 1, 0)) == size
    os.pread(part, 4096, 65536)
    os.lseek(part, 0, os.SEEK_DATA)
    os.ftruncate(part, 70000)
    # to the end of the source
    does(part, CLONE_RANGE, struct.pack("qQQQ", source, 8192, 0, 131072))
    assert os.fstat(part).st_size == 131072 + size - 8192

same = os.open("same", os.O_RDONLY)
ranges = struct.pack("QQHHI", 8192, 65536, 2, 0, 0) + struct.pack("qQQiI", same, 8192, 0, 0, 0) + \
    struct.pack("qQQiI", part, 135168, 0, 0, 0)
ranges = does(os.open("list", os.O_RDONLY), DEDUPE, ranges)
if can_clone:
    shared, status = struct.unpack_from("Qi", ranges, 24 + 16)
    assert (shared, status) == (65536, 0)
    os.pwrite(source, b"x" * 5000, 4096)
os.pread(same, size, 0)

for name in "list", "holes", "copy":
    fd = os.open(name, os.O_RDONLY)
    does(fd, FIEMAP, struct.pack("QQIIII", 0, 2**64 - 1, 1, 0, 4, 0) + bytes(4 * 56))
    flags = does(fd, GETFLAGS, bytes(8))
    does(fd, FSGET, bytes(28))
    does(fd, NOCLOEXEC)
    does(fd, CLOEXEC)
    if flags:  # FS_NOATIME_FL
        does(fd, SETFLAGS, struct.pack("q", struct.unpack("q", flags)[0] | 0x80))
    os.close(fd)
space = os.open("space", os.O_RDWR | os.O_CREAT, 0o600)
os.write(space, b"x" * 100000)
for command in RESERVE, ZERO, PUNCH:
    does(space, command, struct.pack("hhqqiIiiii", 0, 0, 20000 + command % 7, 30000, 0, 0, 0, 0, 0, 0))
    does(space, command, struct.pack("hhqqiIiiii", 0, 1, -90000, 4096, 0, 0, 0, 0, 0, 0))
assert os.fstat(space).st_size == 100000
does(0, 0x5401)  # TCGETS: not recorded


def clones(n):
    for i in range(10):
        fd = os.open(f"many{n}.{i}", os.O_RDWR | os.O_CREAT, 0o600)
        if not does(fd, CLONE, source):
            os.sendfile(fd, source, 0, size)
        os.pwrite(fd, b"y" * 100, 100 * i)
        os.close(fd)


threads = [threading.Thread(target=clones, args=(n,)) for n in range(4)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
os.mkdir("by-cp")
how = "always" if can_clone else "auto"
subprocess.run(["cp", "--reflink=" + how, "list", "holes", "by-cp"], check=True)
subprocess.run(["cp", "-a", "by-cp", "by-cp-a"], check=True)
subprocess.run(["filefrag", "-v", "holes", "by-cp/list"], stdout=subprocess.DEVNULL)
subprocess.run(["lsattr", "-R", "."], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
if can_clone and os.path.exists("/usr/sbin/xfs_io"):
    for command in ("reflink list 0 0 131072", "dedupe list 65536 65536 4096", "fiemap -v", "stat"):
        subprocess.run(["/usr/sbin/xfs_io", "-f", "-c", command, "by-io"], check=True,
                       stdout=subprocess.DEVNULL)
PROGRAM
}

# on NAME MKFS SIZE: the scenario in a file system of its own.
on() {
	local name=$1 mkfs=$2 size=$3
	if ! [ -x "/sbin/$mkfs" ]; then
		skip "$name" "there is no $mkfs"
		return
	fi
	truncate -s "$size" "$name.image"
	mkdir -p "$name"
	check "$name: file system" "/sbin/$mkfs" -q "$name.image" || return
	if ! output=$(mount -o loop "$name.image" "$name" 2>&1); then
		skip "$name" "it cannot be mounted: $output"
		return
	fi
	scenario "$name" . python3 program.py clones
	if grep -q 'o=lost;' "$name/run.capture"; then
		not_ok "$name: nothing is lost" "$(grep 'o=lost;' "$name/run.capture")"
	else
		ok "$name: nothing is lost"
	fi
	check "$name: clones were replayed" grep -q '|FICLONE|[0-9]*|0|ioctl@' "$name/run.replay"
	check "$name: a dedupe was replayed" grep -q '|FIDEDUPERANGE|.*:65536:0.*|0|ioctl@' "$name/run.replay"
	# Where nothing can be shared the clones fail, and that is said.
	if [ "$name" = clones-btrfs ]; then
		mkdir elsewhere
		mount -t tmpfs none elsewhere
		"$IORIOT" -c "$name/run.capture" -r other.replay -n "$name" --root "$PWD/elsewhere" > /dev/null
		status_is "elsewhere: initialised" 0 "$IORIOT" -i other.replay --root "$PWD/elsewhere"
		status_is "elsewhere: diverges" 3 "$IORIOT" -r other.replay --root "$PWD/elsewhere" -D
		says "elsewhere: says so" 'ioctl.*EOPNOTSUPP'
		umount elsewhere
	fi
	umount "$name"
}

if [ -z "${IN_NAMESPACE-}" ]; then
	scenario plain . python3 program.py no
	scenario_as_user plain-user . python3 program.py no
	if ! is_root; then
		skip "clones" "needs root to mount file systems that can share"
		done_testing
	elif ! unshare -m true 2>/dev/null; then
		skip "clones" "no mount namespace may be made here"
		done_testing
	fi
	IN_NAMESPACE=1 unshare -m --propagation private "$0" && done_testing
	exit 1
fi
on clones-btrfs mkfs.btrfs 300M
on clones-xfs mkfs.xfs 320M
done_testing
