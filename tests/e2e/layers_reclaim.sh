#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A memory cgroup that gets too small: each page that is taken from it is told by reclaim, leaves the cache, and is gone for
# mincore(2).
# shellcheck source=../lib.sh
. "$TESTS/lib.sh"
# shellcheck source=../bpf_lib.sh
. "$TESTS/bpf_lib.sh"

bpf_or_skip "reclaim"
cgroup=
trap '[ -z "$cgroup" ] || rmdir "$cgroup"' EXIT
make_cgroup() { # in the hierarchy of memory, of either version
	local top
	for top in /sys/fs/cgroup/memory /sys/fs/cgroup; do
		if [ -e "$top/cgroup.procs" ] && mkdir "$top/ioriot-test.$$" 2>/dev/null; then
			cgroup=$top/ioriot-test.$$
			if [ -e "$cgroup/memory.reclaim" ] || [ -e "$cgroup/memory.limit_in_bytes" ]; then
				return 0
			fi
			rmdir "$cgroup"
			cgroup=
		fi
	done
	return 1
}
if [ "$(stat -f -c %T .)" = tmpfs ]; then
	skip "reclaim" "pages of tmpfs have nowhere to go"
	done_testing
elif ! make_cgroup 2>/dev/null; then
	skip "reclaim" "no memory cgroup can be made here"
	done_testing
fi
# programs' own memory stays
for setting in swappiness swap.max; do
	if [ -e "$cgroup/memory.$setting" ]; then
		echo 0 >"$cgroup/memory.$setting"
	fi
done

mib=$((1 << 20))
head -c $((32 * mib)) /dev/urandom >file
sync file
"$TESTS/e2e/layers_uncache.py" file
sum() { # OPERATION KEY [PATTERN]: over its records
	grep ";:,o=$1;:," reclaim.capture | grep -P "${3-}" | grep -oP ";:,$2=\K\d+(?=;)" | awk '{ n += $1 } END { print n + 0 }'
}
"$IORIOT" -c reclaim.capture -L cache --backend=bpf -- "$TESTS/e2e/layers_reclaim.py" "$cgroup" file >counted 2>said
equal "recorded" $? 0 || cat said
read -r before after <counted
inode=x=$(stat -c '%Hd:%Ld:%i' file):
check "much of it was taken" test $((before - after)) -ge $((4 * mib / 4096))
equal "what leaves the cache is what is gone" "$(sum cache_delete c "$inode")" $(((before - after) * 4096))
equal "each byte of it is told by reclaim" "$(sum cache_reclaim c)" "$(sum cache_delete c)"
check "which looks at no less than it takes" test "$(sum cache_reclaim N)" -ge "$(sum cache_reclaim c)"
equal "the sum is all of it" "$(grep -oP 'o=layer_sum;:,p=cache_reclaim;:,c=\K\d+' reclaim.capture)" "$(sum cache_reclaim c)"
mkdir csv
check "as CSV" "$IORIOT" -a reclaim.capture -L all --export csv:csv
equal "by the name of the field" "$(awk -F, 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == "event_type") at = i }
	$at == "reclaim" { n++ } END { print n + 0 }' csv/cache_events.csv)" \
	"$(grep -c ';:,o=cache_reclaim;' reclaim.capture)"
done_testing
