#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A kernel that lacks some tracepoints: what they would tell is missing and named, all else is recorded. This kernel's type
# information stands for that kernel's, with some names changed.
# shellcheck source=../lib.sh
. "$TESTS/lib.sh"
# shellcheck source=../bpf_lib.sh
. "$TESTS/bpf_lib.sh"

why=$(bpf_lacks)
[ -z "$why" ] && ! unshare -m true 2> /dev/null && why="no mount namespace may be made here"
if [ -n "$why" ]; then
	skip "missing hooks" "$why"
	done_testing
fi
lacking=(mm_filemap_add_to_page_cache writeback_dirty_folio tcp_retransmit_skb)
cp /sys/kernel/btf/vmlinux types
for name in "${lacking[@]}"; do
	check "this kernel has $name" grep -aq "btf_trace_$name" types
	sed -i "s/btf_trace_$name/btf_none__$name/" types
done
# called by status_is
# shellcheck disable=SC2317
record() { # FILE OPTION...
	unshare -m --propagation private sh -c 'mount --bind types /sys/kernel/btf/vmlinux && exec "$@"' - \
		"$IORIOT" -c "$1" --backend=bpf "${@:2}" -- dd if=/dev/zero of=file bs=64k count=4 conv=fsync
}
count() { # OPERATION: its records
	grep -c "o=$1;" some.capture
}

status_is "some are missing" 0 record some.capture -L sys,block,cache,retrans
says "they are named" "^ioriot: this kernel does not have: ${lacking[0]},${lacking[1]},${lacking[2]}$"
check "and stand in the header" grep -q "|layers_missing=${lacking[0]},${lacking[1]},${lacking[2]}|" some.capture
equal "nothing of what they tell" "$(count cache_add) $(count cache_dirty)" "0 0"
check "the other hooks of that layer" grep -q ',cache=[^|]*+mm_filemap_delete_from_page_cache+' some.capture
check "the other layer" grep -q ',block=[^|]*+block_rq_complete' some.capture
equal "all of the calls" "$(grep -c 'o=write;.*s=65536;' some.capture)" 4

status_is "without the layers nothing is missing" 0 record calls.capture
equal "so nothing is said" "$(grep -c 'does not have' <<< "$output")" 0
check "a valid capture" python3 "$TESTS/capture_check.py" calls.capture
equal "and no header" "$(head -n 1 calls.capture | grep -c layers_missing)" 0
done_testing
