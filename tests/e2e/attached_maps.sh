#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Memory maps that a process has when a capture attaches to it: they are told, and calls on them are replayed.
# shellcheck source=../lib.sh
. "$TESTS/lib.sh"
# shellcheck source=../bpf_lib.sh
. "$TESTS/bpf_lib.sh"

bpf_or_skip "maps that are there when BPF attaches"
if [ "$(printf '%s\n' 6.7 "$(uname -r)" | sort -V | head -n 1)" != 6.7 ]; then
	skip "maps that are there when BPF attaches" "BPF programs can look at maps from Linux 6.7 on"
	done_testing
fi

check "build" cc -O1 -Wall -Wextra -o program "$TESTS/e2e/attached_maps.c"
mkdir work root
seq 40000 >work/private
(cd work && exec ../program </dev/null) &
program=$!
check "the program has its maps" await test -e pid
"$IORIOT" -c maps.capture --backend=bpf -x $program >said 2>&1 </dev/null &
capture=$!
check "it is recorded" await grep -q 'attached, recording' said
touch go
wait $program
equal "the program" $? 0
wait $capture
equal "the capture: $(cat said)" $? 0

check "the capture is sound" "$TESTS/capture_check.py" --attached maps.capture
equal "its maps" "$(grep -o 'o=state_map;.*' maps.capture | sed -E 's/a=0x[0-9a-f]*/a/; s/;:,x=.*//' | sort)" \
	"o=state_map;:,a;:,c=102400;:,g=3;:,l=2;:,p=$PWD/work/private;:,O=0
o=state_map;:,a;:,c=1048576;:,g=3;:,l=1;:,p=$PWD/work/shared;:,O=0
o=state_map;:,a;:,c=53248;:,g=1;:,l=1;:,p=$PWD/work/private;:,O=8192
o=state_map;:,a;:,c=8192;:,g=3;:,l=1;:,p=$PWD/work/gone (deleted);:,O=0"
status_is "generated" 0 "$IORIOT" -c maps.capture -r r.replay -n maps --root "$PWD/root" -u root
echo "$output"
equal "what is done to them" "$(grep -oE '\|(mmap|msync|madvise|munmap|mremap)@' r.replay | sort | uniq -c | xargs)" \
	"1 |madvise@ 3 |mmap@ 1 |mremap@ 2 |msync@ 4 |munmap@"
for layout in "1 1" "2 8"; do
	status_is "initialised, $layout" 0 "$IORIOT" -i r.replay --root "$PWD/root" -u root --quiet
	status_is "replayed, $layout" 0 "$IORIOT" -r r.replay --root "$PWD/root" -u root -p "${layout% *}" -t "${layout#* }" -D
	says "no divergence, $layout" "^0 divergences"
	check "same tree, $layout" "$TESTS/treecmp.py" --prefix-b "$PWD/root/.ioriot/maps" work "root/.ioriot/maps$PWD/work"
done
done_testing
