#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# time-limit: 900
# A virtual machine is recorded from outside, with BPF: what its disks' images are asked for is what the guest did, to the
# byte and in its order, by each way of the emulator to cache, in raw images and in one that grows (qcow2).
# shellcheck source=vm_lib.sh
. "$TESTS/vm/vm_lib.sh"
# shellcheck source=../bpf_lib.sh
. "$TESTS/bpf_lib.sh"

bpf_or_skip "a machine that is recorded"
mkdir monitored
cp "$TESTS/vm/jobs/monitored.sh" monitored/job.sh
truncate -s 16M none writeback writethrough
"$TESTS/vm/qcow2.py" make grows 16777216
drives=() files=()
for image in none writeback writethrough; do
	drives+=(--drive "file=$PWD/$image,format=raw,cache=$image")
	files+=(--file "$image,100000")
done
"$IORIOT" -c machine.capture --backend=bpf -L vfs,block "${files[@]}" --file grows,100000 --socket socket -- \
	"$TESTS/vm/run_guest" --plain --time-limit 400 "${drives[@]}" \
	--drive "file=$PWD/grows,format=qcow2,cache=writeback" monitored out >machine.out 2>&1
status=$?
if [ $status -eq 77 ]; then
	skip "a machine that is recorded" "$(<machine.out)"
	done_testing
fi
equal "it ran and was recorded" $status 0 || cat machine.out
cat out/job.log
equal "the job came to its end" "$(<out/job.rc)" 0
check "as CSV" sh -c 'mkdir csv && "$1" -a machine.capture -L all --export csv:csv' - "$IORIOT"

# Of the guest's transfers all are of 64 KiB; when it boots it looks for partitions, too.
columns() { # TABLE AWK: by the names of its columns, for the file in $image
	tr -d '\r' <"csv/$1_events.csv" | awk -F, -v file="$PWD/$image" '
		NR == 1 { for (i = 1; i <= NF; i++) c[$i] = i; next }
		$c["filename"] == file { '"$2"' }'
}
moved() { # OPERATION: where, of those of 64 KiB
	columns vfs 'if ($c["operation"] ~ /'"$1"'$/ && $c["bytes"] == 65536) print $c["offset"]'
}
here=(79 66 71 64 77 69 74 65 72 68 78 67 75 70 76 73)
order=$(for at in $(seq 0 63) "${here[@]}"; do echo $((at * 65536)); done)
for image in none writeback writethrough; do
	equal "$image: each write, in its order" "$(moved WRITE | tr '\n' ' ')" "$(tr '\n' ' ' <<<"$order")"
	equal "$image: each read, in its order" "$(moved READ | tr '\n' ' ')" "$(seq -s ' ' 0 65536 4128768) "
	equal "$image: what was written went to the disk" "$(columns block \
		'if ($c["event"] == "block_queue" && $c["operation"] == "write") b += $c["size"] } END { print b')" $((80 * 65536))
done
syncs() { columns vfs 'if ($c["operation"] == "FDATASYNC") n++ } END { print n + 0'; }
image=none
equal "none: past the cache, and synced as the guest asked" "$(moved DIO_WRITE | wc -l) $(syncs)" "80 2"
image=writeback
equal "writeback: by the cache, and synced as the guest asked" "$(moved DIO_WRITE | wc -l) $(syncs)" "0 2"
image=writethrough
equal "writethrough: by the cache, and synced after each write" "$(moved DIO_WRITE | wc -l) $(syncs)" "0 80"

image=grows
"$TESTS/vm/qcow2.py" clusters "$image" >found
equal "qcow2: as many clusters as the guest wrote" "$(wc -l <found)" 80
equal "qcow2: each of them was written once" "$(moved WRITE | grep -cxFf found)" 80
equal "qcow2: and read where it was written" "$(moved READ | grep -xFf found | tr '\n' ' ')" "$(head -n 64 found | tr '\n' ' ')"
done_testing
