#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A kernel that lacks some tracepoints, or does not call one: what they would tell is missing and named, all else is recorded.
# This kernel's type information stands for that kernel's, with some names changed.
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
check "no layer is told that has only its helpers" grep -q ',retrans|' some.capture
equal "all of the calls" "$(grep -c 'o=write;.*s=65536;' some.capture)" 4

status_is "without the layers nothing is missing" 0 record calls.capture
equal "so nothing is said" "$(grep -c 'does not have' <<< "$output")" 0
check "a valid capture" python3 "$TESTS/capture_check.py" calls.capture
equal "and no header" "$(head -n 1 calls.capture | grep -c layers_missing)" 0

# A function tells what no tracepoint does, where the host lets programs hook functions.
cp /sys/kernel/btf/vmlinux types
sed -i "s/btf_trace_mm_filemap_get_pages/btf_none__mm_filemap_get_pages/" types
status_is "a hook that has another in its place" 0 record some.capture -L cache
if grep -q "lets no BPF programs hook functions (fentry): " <<< "$output"; then
	says "where functions are refused it is missing" "^ioriot: this kernel does not have: mm_filemap_get_pages$"
	equal "and nothing of what it tells is there" "$(count cache_get)" 0
else
	check "the function is hooked" grep -q '|layers=cache=[^|]*+filemap_read+' some.capture
	check "and tells of reads" grep -q 'o=cache_get;' some.capture
fi
status_is "calls alone need no function" 0 record calls.capture
equal "so none is tried" "$(grep -c fentry <<< "$output")" 0

# Where no hook is dead all of them are called, but for those that nothing calls on every host.
header() { # KEY: its value in some.capture
	head -n 1 some.capture | grep -oP "\|$1=\K[^|]*"
}
cp /sys/kernel/btf/vmlinux types
status_is "a capture of all layers" 0 record some.capture -L all
equal "no hook is silent" "$(grep -c 'not called when tried' <<< "$output") $(header layers_silent)" "0 "
rare=block_split,block_bio_remap,block_bio_backmerge,block_bio_frontmerge,block_rq_remap,block_rq_requeue,mm_vmscan_lru_shrink_inactive
equal "what was not tried" "$(header layers_untried | tr , '\n' | grep -vxF "${rare//,/$'\n'}")" ""

# Requests that fail have the shape of those that are issued, and none does.
sed -i "s/btf_trace_block_rq_issue/btf_none__block_rq_issue/; s/btf_trace_block_rq_error/btf_trace_block_rq_issue/" types
status_is "a hook is never called" 0 record some.capture -L sys,block,cache
says "it is named" "^ioriot: attached, but not called when tried: block_rq_issue$"
equal "and stands in the header" "$(header layers_silent)" block_rq_issue
equal "nothing is missing beside it" "$(grep -c 'does not have' <<< "$output")" 0
equal "nothing of what it tells" "$(count block_issue)" 0
equal "all of the calls still" "$(grep -c 'o=write;.*s=65536;' some.capture)" 4
check "its layer still" grep -q 'o=block_queue;' some.capture
done_testing
