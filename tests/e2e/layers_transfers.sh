#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Bytes of sockets that no call tells, with BPF: what sockets themselves say of requests of io_uring, and nothing twice of
# what calls move.
# shellcheck source=../lib.sh
. "$TESTS/lib.sh"
# shellcheck source=../bpf_lib.sh
. "$TESTS/bpf_lib.sh"
# shellcheck source=../layers_lib.sh
. "$TESTS/layers_lib.sh"

bpf_or_skip "transfers of sockets with BPF"
if why=$(uring_is_refused); then
	skip "transfers of sockets" "this host does not allow io_uring: $why"
	done_testing
fi
check "build" cc -D_GNU_SOURCE -O1 -Wall -Wextra -o program "$TESTS/e2e/transfers_program.c" -luring
"$IORIOT" -c main.capture --backend=bpf -L net -- ./program >main.out 2>main.said </dev/null
equal "status" $? 0 || cat main.said
if grep -q 'does not have.*sock_send_length' main.said; then
	skip "transfers by no call" "this kernel has no sock_send_length, and lets no function be hooked"
	done_testing
fi
layers_transfers main.capture main.out
equal "hooks that are dead" "$(head -n 1 main.capture | grep -c layers_silent)" 0
equal "hooks that were not tried" "$(head -n 1 main.capture | grep -c layers_untried)" 0
mkdir csv
check "as tables" "$IORIOT" -a main.capture -L net --export csv:csv
equal "tables have them all" "$(tr -d '\r' <csv/nw_events.csv | awk -F, 'NR == 1 {
		for (i = 1; i <= NF; i++) c[$i] = i
		next
	} { b[$c["direction"]] += $c["bytes"] } END { print b["send"], b["recv"] }')" "13588 13588"
equal "the analysis has them all" "$("$IORIOT" -a main.capture -L net --export csv:- |
	awk -F, 'NR == 1 { for (i = 1; i <= NF; i++) c[$i] = i; next }
		{ r += $c["read"]; w += $c["written"] } END { print r, w }')" "13588 13588"
done_testing
