#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# io_uring: a program of ours that has all of its operations, and fio.
# shellcheck source=../scenario_lib.sh disable=SC2317
. "$TESTS/scenario_lib.sh"

cc -O1 -o uring_program "$TESTS/scenarios/uring_program.c" -luring -lpthread
program=$PWD/uring_program

if why=$(uring_is_refused); then
	skip "io_uring" "this host does not allow it: $why"
	done_testing
	exit
fi

setup() { mkdir data; }
scenario uring data env -C data "$program"
if grep -q 'o=lost' "$TEST_TMP/uring/run.capture"; then
	not_ok "uring: nothing is lost" "$(grep 'o=lost' "$TEST_TMP/uring/run.capture")"
fi
# A link upwards: attributes are set behind a look at where it leads.
setup() {
	mkdir data
	ln -s ../data data/up
}
scenario uring-links data env -C data "$program" ordered
setup() { mkdir data; }
# In another file of a rotation the rings are known as well; registered files are not.
mkdir rotated
(cd rotated && "$IORIOT" --quiet --max-size 64K -c ../rotated.capture -- "$program")
check "rotation: there is another file" test -e rotated.capture.1
status_is "rotation: generated" 0 "$IORIOT" -c rotated.capture.1 -r rotated.replay -n rotated --root .
unknown=$(grep -c 'an io_uring that is not known' <<<"$output")
equal "rotation: its ring is known" "$unknown" 0
check "rotation: what the ring does is replayed" grep -q '|uring_write@' rotated.replay

# Killed with several threads: none of them ends by a call, and its rings end all the same.
"$IORIOT" --quiet -c killed.capture -- bash -c 'fio --name=job --ioengine=io_uring --rw=randread \
	--bs=4k --size=512k --iodepth=8 --thread --numjobs=3 --time_based --runtime=60 \
	--filename=killed.data --output=killed.out &
	until grep -q "o=uring_read;" killed.capture; do sleep 0.2; done; kill -9 $!; wait'
status=$? # 3: something was under way
check "killed: status 0 or 3, not $status" test $status -eq 0 -o $status -eq 3
check "killed: rings were recorded" grep -q 'o=uring_read;' killed.capture
check "killed: the capture is whole" grep -q 'o=end;' killed.capture

scenario_as_user uring-user data env -C data "$program"

# fio: engines and sizes that make batches, late completions, and files that several jobs share.
for rw in read write randread randwrite; do
	for direct in 0 1; do
		name=fio-$rw-$direct
		scenario "$name" data fio --name=job --ioengine=io_uring --rw="$rw" \
			--direct="$direct" --bs=4k --size=512k --iodepth=8 \
			--iodepth_batch_submit=4 --iodepth_batch_complete_min=2 --numjobs=2 \
			--filename_format='data.$jobnum' --directory=data --randseed=7 \
			--output=../fio.out
	done
done
scenario fio-fixed data fio --name=job --ioengine=io_uring --rw=randrw --bs=4k --size=512k \
	--iodepth=16 --fixedbufs=1 --registerfiles=1 --nonvectored=1 --thread --numjobs=2 \
	--filename_format='data.$jobnum' --directory=data --randseed=7 \
	--output=../fio.out
done_testing
