#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# time-limit: 1700
# What the buffer cannot hold, or has no buffer because its processor came late, is lost, and counted: recorded + lost =
# made, exactly; of other layers by kind of event.
# shellcheck source=vm_lib.sh
. "$TESTS/vm/vm_lib.sh"
# shellcheck source=../layers_lib.sh
. "$TESTS/layers_lib.sh"

mkdir loss
check "build: storm" cc -O1 -static -pthread -o loss/storm "$TESTS/vm/storm.c"
guest loss

calls() { grep -vc -e '^#' -e ';:,o=state_' -e ';:,o=lost' -e ';:,o=end' "$out/$1.capture"; }
writes() { grep -c ';:,o=pwrite64;:,d=[0-9]*;:,c=1;' "$out/$1.capture"; }
lost() { sed -n 's/.*;:,o=end;:,c=[0-9]*;:,O=\([0-9]*\);:,.*$/\1/p' "$out/$1.capture"; }
made() { cut -d ' ' -f 2 "$out/$1.stdout"; }

# What the program does besides its writes is the same in both runs.
equal "burst: all writes are there" "$(writes burst)" "$(made burst)"
equal "burst: nothing is lost" "$(lost burst)" 0
others=$(($(calls burst) - $(made burst)))
check "small: something is lost" test "$(lost small)" -gt 1000
equal "small: recorded and lost are what was made" \
	$(($(calls small) + $(lost small))) $(($(made small) + others))
equal "small: lost records add up to the closing line" \
	"$(sed -n 's/.*;:,o=lost;:,c=\([0-9]*\);.*/\1/p' "$out/small.capture" | awk '{ n += $1 } END { print n }')" "$(lost small)"
for name in returned came; do
	equal "$name: recorded and lost are what was made" \
		$(($(calls $name) + $(lost $name))) $(($(made $name) + others))
done
equal "a processor that returned: nothing is lost" "$(lost returned)" 0
check "a processor that came: something is lost" test "$(lost came)" -gt 1000
for event in cache_add cache_dirty; do
	seen=$(sum_of "$out/dropped.capture" $event n)
	dropped=$(sum_of "$out/dropped.capture" $event L)
	equal "dropped: records of $event and what was dropped are what was seen" \
		$(($(grep -c "o=$event;" "$out/dropped.capture") + dropped)) "$seen"
	check "dropped: many were" test "$dropped" -gt 1000
done
check "a processor that came: why" grep -q ';:,o=lost;:,c=[0-9]*;:,p=a processor that was switched on later' \
	"$out/came.capture"
done_testing
