#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Other layers than calls: what is refused, and that a replay is the same with and without them.
# shellcheck source=../lib.sh
. "$TESTS/lib.sh"

fails "ptrace has no other layers" 2 "-L: the ptrace backend records calls" \
	"$IORIOT" -c no.capture --backend=ptrace -L block -- true
fails "... nor none at all" 2 "-L: the ptrace backend records calls" \
	"$IORIOT" -c no.capture --backend=ptrace -L cache=0 -- true
absent "and no capture of it" no.capture
for wrong in bloc 'sys,,' block=x cache=9999999 sys=2 vfs=2 ''; do
	fails "-L '$wrong'" 2 "-L: " "$IORIOT" -c no.capture -L "$wrong" -- true
done

# A replay is the same with and without them, wherever they stand and however many.
echo text >file
"$IORIOT" --quiet -c plain.capture -- sh -c 'cat file file >copy; mv copy other; rm other'
# The examples of the format's document, 40 times before each record, with its time and task.
grep -E ';:,o=((block|cache|page|layer|net|conn|poll|sockopt|retrans|proc|ring)_\w+|file_call);:,' "$SOURCE/docs/capture-format.md" >examples
awk -F ';:,o=' 'NR == FNR { event[n++] = $2; next }
	FNR > 1 { for (i = 0; i < 40 * n; i++) print $1 FS event[i % n] }
	{ print }' examples plain.capture >layers.capture
equal "of each kind there is one" "$(grep -oP ';:,o=\K\w+' examples | sort -u | tr '\n' ' ')" \
	"block_done block_issue block_merge block_queue block_remap block_requeue block_split cache_add cache_delete \
cache_dirty cache_get cache_readahead cache_reclaim cache_writeback conn_accept conn_bind conn_close conn_connect \
conn_listen conn_pair conn_shutdown conn_socket conn_state file_call layer_sum net_recv net_send page_fault poll_create poll_ctl poll_poll \
poll_select poll_wait proc_exec proc_exit proc_fork retrans_tcp ring_complete ring_enter ring_submit ring_worker sockopt_get sockopt_set "
for c in plain layers; do
	"$IORIOT" -c $c.capture -r $c.replay -n layers >$c.said
	equal "generate: $c" $? 0
	# lines of the capture are other ones: operations that wait name those of the replay instead
	awk -F '|' -v OFS='|' 'FNR == 1 { next }
		match($0, /@[0-9]+[|]$/) { of[substr($0, RSTART + 1, RLENGTH - 2)] = FNR; sub(/@[0-9]+[|]$/, "|")
			n = split($4, on, ","); $4 = ""
			for (i = 1; i <= n; i++) $4 = $4 "," (on[i] in of ? of[on[i]] : on[i]) }
		{ print }' $c.replay >$c.ops
done
check "there are operations" test "$(wc -l <plain.ops)" -gt 100
check "the same replay" cmp plain.ops layers.ops
events=$(($(wc -l <layers.capture) - $(wc -l <plain.capture)))
check "one line tells of them" grep -q "^ *$events  events of other layers" layers.said
done_testing
