#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# time-limit: 3000
# Every call of generate, init and replay that can fail fails once: memory, files, writes, names,
# threads. Two programs: the ordinary one with a library that also sees what other libraries ask for,
# and one with the sanitizers, which looks for leaks behind each failure. Of what there is much of every
# FAULT_STRIDEth call is taken, from a random one on; 1 (make soak) takes them all.
# shellcheck source=../lib.sh
. "$TESTS/lib.sh"

stride=${FAULT_STRIDE:-29}
offset=$((RANDOM % stride))
check "the library" make -s -C "$SOURCE" build/fault.so

# One program without libraries: a capture of some 300 lines that has most of what there is.
mkdir work faults
chmod 755 .
cd work || exit 1
head -c 20000 /dev/urandom > old
mkdir empty
ln -s old link
ln old other
"$IORIOT" --quiet -c ../rich.capture -- busybox sh -c 'mkdir -p d/e; echo one > d/f; ln d/f d/g; ln -s f d/l
	cat d/l | tee d/e/h; mv d/e d/k; ls -l d; truncate -s 90000 d/g; mkfifo d/p; (cd d && rm f)
	cat old > new; cat old >> d/g; cp -a old d/copy; chmod 600 d/copy; touch -d 2001-01-01 d/copy
	rmdir empty; rm link; mv old older; mv none x; cat d/p/x; (cat older & cat new & wait) > both
	dd if=older of=part bs=1000 count=3 skip=2 conv=notrunc; sync part' > ../output 2>&1
cd ..
check "a capture of most things ($(wc -l < rich.capture) lines)" test "$(wc -l < rich.capture)" -gt 200

faults() { # STRIDE OPTIONS...
	local strides=$1
	shift
	echo "every ${strides}th, from $offset on"
	if ! "$TESTS/fault/run.py" --jobs 2 --stride "$strides" --offset "$offset" --few $((strides > 1 ? 25 : 0)) "$@" \
		rich.capture faults; then
		failed=1
	fi
}

faults "$stride" --preload "$SOURCE/build/fault.so" "$IORIOT"
build build-asan '-fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer' ioriot-fault
cp "$SOURCE/build-asan/ioriot-fault" .
rm -f faults/good.replay
faults "$stride" ./ioriot-fault
done_testing
