#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# 32-bit programs, and 64-bit ones that make 32-bit calls, are recorded and replayed as others are.
# shellcheck source=../scenario_lib.sh
. "$TESTS/scenario_lib.sh"

if [ "$(uname -m)" != x86_64 ]; then
	skip "32-bit calls" "this is no x86 machine"
	done_testing
	exit
fi
mkdir bin
check "build: int80" cc -O1 -o bin/int80 "$TESTS/scenarios/int80.c"
check "build: compat32" cc -m32 -static -O1 -o bin/compat32 "$TESTS/scenarios/compat32.c"

setup() { :; }
scenario int80 . "$TEST_TMP/bin/int80"
# Its own output is a pipe; the file keeps it for the comparison below.
scenario compat32 . sh -c "'$TEST_TMP/bin/compat32' raw | tee expected"

equal "int80: nothing is lost" "$(grep -c 'o=lost' "$TEST_TMP/int80/run.capture")" 0
equal "compat32: nothing is lost" "$(grep -c 'o=lost' "$TEST_TMP/compat32/run.capture")" 0
# Whether the kernel has them or not (ENOSYS).
cat > x32.c <<'C'
#define _GNU_SOURCE
#include <unistd.h>
int main(void)
{
	syscall(0x40000000 + 39); /* getpid: no operation */
	syscall(0x40000000 + 1, -1, "", 1); /* write */
	syscall(0x40000000 + 515, -1, 0, 0); /* readv */
	return 0;
}
C
check "build: x32" cc -o bin/x32 x32.c
status_is "x32: recorded" 3 "$IORIOT" -c x32.capture -- bin/x32
equal "x32: two calls are told as lost" "$(grep -c 'o=lost;:,c=1;:,p=calls of the x32 interface' x32.capture)" 2

equal "int80: its calls" "$(grep -oP 'o=(open|write|pwrite64|lseek|rename|close);:,.*(p=by80|d=\d|O=).*' \
	"$TEST_TMP/int80/run.capture" | grep -oP '^o=\K\w+' | tail -n 7 | tr '\n' ' ')" \
	"write pwrite64 lseek write rename close close "

# Each line that the program printed is a record with these values, in this order.
cat > compare.py <<'PY'
import sys

want = [line.split() for line in open(sys.argv[1], encoding="ascii")]
at = 0
for line in open(sys.argv[2], encoding="utf-8", errors="surrogateescape"):
    record = dict(t.split("=", 1) for t in line.rstrip("\n").split(";:,") if "=" in t)
    if at < len(want) and record.get("o") == want[at][0] and all(
            record.get(k) == v for k, v in (t.split("=", 1) for t in want[at][1:])):
        at += 1
if at < len(want):
    sys.exit(f"{at} of {len(want)} found, and not: {' '.join(want[at])}")
PY
check "compat32: every argument" python3 compare.py "$TEST_TMP/compat32/work/expected" \
	"$TEST_TMP/compat32/run.capture"
done_testing
