#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# time-limit: 900
# What the buffer cannot hold is lost, and counted: recorded + lost = made, exactly.
# shellcheck source=vm_lib.sh
. "$TESTS/vm/vm_lib.sh"

mkdir loss
check "build: storm" cc -O1 -static -pthread -o loss/storm "$TESTS/vm/storm.c"
guest loss

calls() { grep -vc -e '^#' -e ';:,o=state_' -e ';:,o=lost' -e ';:,o=end' "$out/$1.capture"; }
writes() { grep -c ';:,o=pwrite64;:,d=[0-9]*;:,c=1;' "$out/$1.capture"; }
lost() { sed -n 's/.*;:,o=end;:,c=[0-9]*;:,O=\([0-9]*\);:,$/\1/p' "$out/$1.capture"; }
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
done_testing
