# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# The job of tests/vm/filter.sh: what -F can decide in the kernel is decided there, and what is left out is what user
# space leaves out.
# shellcheck source=../job_lib.sh
. /usr/lib/ioriot/job_lib.sh
cd /mnt/ext4 || exit
mkdir d1

rows() { # NAME FILTER: of each call what two captures of it must have in common
	ioriot --quiet -a "/tmp/$1.capture" -F "$2" --export csv:/tmp/rows.csv
	awk -F , 'NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next }
		{ print $at["pid"], $at["tid"], $at["op"], $at["ret"], $at["file"], $at["file2"], $at["size"], $at["bytes"] }' /tmp/rows.csv | sort
}
made() { # NAME: records that its module made
	local module
	module=$(sed -n 's/.*module \([^ ]*\) inserted, recording.*/\1/p' "/tmp/$1.log")
	awk -F '[=:]' '/^cpu/ { sum += $2 } END { print sum }' "/proc/systemtap/$module/status"
}
mkfifo gate slow
bash -c 'read -r < gate; exec /job/storm mix 200 2 d1' > /dev/null &
gated=$!
filter[0]='pid>0' filter[1]="error && pid==$gated"
filter[2]="ret>=0 && pid==$gated && op in (read, newfstatat, unlink, rename, ftruncate)"
filter[3]='op==read && latency>200ms'
filter[4]="pid==$gated && (latency>5s || bytes==512 || error==ENOENT)"
filter[5]="comm==storm && op==pread64 || uid==$(id -u user) && op in (newfstatat, statx, read)"
# of what this job itself does while they end, each capture has another part
told=("${filter[@]}")
told[3]+=' && file=~"/slow$"'
for n in "${!filter[@]}"; do
	begin "f$n" -F "${filter[n]}"
	captures[n]=$capture
done
echo > gate
wait $gated
/job/storm pwrite 10000 2 d1 > /dev/null
as user ls -l /home > /dev/null
(sleep 0.5 && echo) > slow &
cat slow > /dev/null
for n in "${!filter[@]}"; do
	made[n]=$(made "f$n")
	capture=${captures[n]}
	end "f$n"
	check "-F: ${filter[n]}: capture is sound" $lib/capture_check.py --attached "/tmp/f$n.capture"
done
for n in 1 2 3 4 5; do
	wanted=$(rows f0 "${told[n]}")
	check "-F: ${filter[n]}: it is something" test -n "$wanted"
	equal "-F: ${filter[n]}: what differs from what user space lets through" \
		"$(diff <(echo "$wanted") <(rows "f$n" "${told[n]}") | grep '^[<>]')" ""
	check "-F: ${filter[n]}: the module made ${made[n]} records, of all ${made[0]}" \
		test $((made[n] + 20000)) -lt "${made[0]}"
done
equal "-F: latency: what was slow" "$(rows f3 "${told[3]}" | cut -d ' ' -f 3-4)" "read 1"
equal "-F: comm and uid: what threads are called" "$(rows f5 'op==pread64 && comm==storm' | wc -l) $(rows f5 'comm!=storm && op==pread64 || uid==0 && op==read')" "400 "
