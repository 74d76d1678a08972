#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Linux AIO: programs of our own for each case, and fio's engine libaio, buffered and direct.
# shellcheck source=../scenario_lib.sh
. "$TESTS/scenario_lib.sh"

check "build" cc -Wall -Wextra -O2 -pthread -o aio "$TESTS/scenarios/aio.c" || done_testing
aio=$PWD/aio

setup() {
	mkdir w
	head -c 1000000 /dev/zero | tr '\0' x > start
}

can_direct() {
	dd if=/dev/zero of=probe bs=4096 count=1 oflag=direct 2> probe.err
}

# The replay makes as many calls of each kind as the program did.
same_calls() { # NAME CALLS...
	local base=$TEST_TMP/$1 call name=$1
	shift
	status_is "$name: initialised for strace" 0 "$IORIOT" -i "$base/run.replay" --root "$base/root"
	status_is "$name: replayed under strace" 0 strace -f -qq -e "trace=$(IFS=,; echo "$*")" \
		-o "$base/strace" "$IORIOT" -r "$base/run.replay" --root "$base/root" -p 1 -t 1 -D
	for call; do
		equal "$name: as many $call" "$(grep -c " $call(" "$base/strace")" \
			"$(grep -c ";:,o=$call;:," "$base/run.capture")"
	done
}

moved() { # NAME KIND BYTES DONE: what the statistics say of iocbs
	local base=$TEST_TMP/$1
	"$IORIOT" -i "$base/run.replay" --root "$base/root" > /dev/null &&
		"$IORIOT" -r "$base/run.replay" --root "$base/root" -D -S "$base/stats" > /dev/null
	equal "$1: bytes of iocbs, $2" \
		"$(sed -n '/^Iocbs/,/^Host/s/^\t'"$2"' *[0-9]* *[0-9]* *[0-9]* *\([0-9]*\) .*/\1/p' "$base/stats")" "$3"
	if [ "$(sed -n 's/^\tBytes '"$4"': //p' "$base/stats")" -ge "$3" ]; then
		ok "$1: they are in the totals"
	else
		not_ok "$1: they are in the totals" "$(grep Bytes "$base/stats")"
	fi
}

for mode in aio-setup aio-setup-einval aio-submit mix threads; do
	scenario "$mode" w "$aio" "$mode"
done
same_calls aio-submit io_setup io_submit
check "aio-submit: its iocb is recorded" grep -Eq \
	'o=io_submit;:,k=0x[0-9a-f]+;:,n=1;:,b=[0-9]+:1:[0-9]+:0:15(:[0-9]+)?;:,s=1;:,' "$TEST_TMP/aio-submit/run.capture"
moved aio-submit write 15 written
if can_direct; then
	scenario direct w "$aio" direct
	scenario_as_user direct-user w "$aio" direct
else
	skip "direct" "this file system has no direct I/O: $(cat probe.err)"
fi
scenario_as_user mix-user w "$aio" mix

fio_run() { # NAME ARGUMENTS...
	local name=$1
	shift
	scenario "$name" w fio --directory=w --name=job --ioengine=libaio --size=2M --bs=4k --iodepth=16 \
		--output-format=terse --output=fio.out "$@"
}

if ! command -v fio > /dev/null; then
	skip "fio" "it is not installed"
	done_testing
fi
for rw in read write randread randwrite; do
	fio_run "fio-$rw" --rw=$rw
	if can_direct; then
		fio_run "fio-$rw-direct" --rw=$rw --direct=1
	else
		skip "fio-$rw-direct" "this file system has no direct I/O: $(cat probe.err)"
	fi
done
fio_run fio-batches --rw=randrw --iodepth_batch=8 --iodepth_batch_complete_min=3 --fsync=32
fio_run fio-jobs --rw=randrw --numjobs=3
fio_run fio-user-space --rw=randread --userspace_reap=1

# btrfs looks at the checksums of what it has read, where it has read it to.
cat > on_btrfs.sh <<'SCRIPT'
set -eu
mount -o loop image mnt
cd mnt
mkdir w
"$IORIOT" --quiet -c c.capture -- fio --name=job --directory=w --size=2M --bs=4k --iodepth=32 --ioengine=libaio \
	--rw=randread --direct=1 --output-format=terse --output=fio.out
"$IORIOT" -c c.capture -r c.replay -n t --root "$PWD"
"$IORIOT" -i c.replay --root "$PWD"
"$IORIOT" -r c.replay --root "$PWD" -D
SCRIPT
mkdir mnt
if ! is_root; then
	skip "btrfs" "only root can mount"
elif truncate -s 300M image && mkfs.btrfs -q image && unshare --mount mount -o loop image mnt 2> mount.err; then
	check "btrfs: direct reads side by side" unshare --mount sh on_btrfs.sh
else
	skip "btrfs" "an image cannot be mounted: $(cat mount.err)"
fi
same_calls fio-batches io_setup io_submit io_getevents
moved fio-randread read 2097152 read
moved fio-randwrite write 2097152 written
done_testing
