#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# 32-bit programs, and 64-bit ones that make 32-bit calls, are recorded and replayed as others are.
# shellcheck source=../scenario_lib.sh
. "$TESTS/scenario_lib.sh"
# shellcheck source=../bpf_lib.sh
. "$TESTS/bpf_lib.sh"

if [ "$(uname -m)" != x86_64 ]; then
	skip "32-bit calls" "this is no x86 machine"
	done_testing
	exit
fi
mkdir bin
check "build: int80" cc -O1 -o bin/int80 "$TESTS/scenarios/int80.c"
check "build: compat32" cc -m32 -static -O1 -o bin/compat32 "$TESTS/scenarios/compat32.c"

# called by scenario
# shellcheck disable=SC2317
setup() { :; }
scenario int80 . "$TEST_TMP/bin/int80"
# Its own output is a pipe; the file keeps it for the comparison below.
scenario compat32 . sh -c "'$TEST_TMP/bin/compat32' | tee expected"

# The same source, built for both: each record of the 32-bit program is that of the 64-bit one.
for bits in 32 64; do
	check "build: rings$bits" cc -m$bits -static -O1 -o bin/rings$bits "$TESTS/scenarios/rings.c"
	check "build: aio$bits" cc -m$bits -static -O1 -pthread -o bin/aio$bits "$TESTS/scenarios/aio.c"
done
# called by scenario
# shellcheck disable=SC2317
setup() {
	mkdir w
	head -c 1000000 /dev/zero | tr '\0' x >start
}
record() { # DIRECTORY COMMAND...
	(mkdir "$1" && cd "$1" && setup && shift && exec "$IORIOT" --quiet -c run.capture -- "$@")
}
for mode in "aio aio-setup-einval" "aio mix" rings; do
	name=${mode#* }
	scenario "$name-32" w "$TEST_TMP/bin/${mode%% *}32" "${mode#* }"
	equal "$name: nothing is lost" "$(grep 'o=lost' "$TEST_TMP/$name-32/run.capture")" ""
	check "$name: recorded, 64 bits" record "$name-64" "$TEST_TMP/bin/${mode%% *}64" "$name"
	check "$name: as of 64 bits" "$TESTS/vm/compare_captures.py" "$name-64/run.capture" \
		"$TEST_TMP/$name-32/run.capture"
done

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

# Each line that the program printed is a record with these values, in this order: with no others, where it
# begins with "=".
cat > compare.py <<'PY'
import sys

want = [line.split() for line in open(sys.argv[1], encoding="ascii")]
at = 0
for line in open(sys.argv[2], encoding="utf-8", errors="surrogateescape"):
    record = dict(t.split("=", 1) for t in line.rstrip("\n").split(";:,") if "=" in t)
    if at == len(want):
        break
    keys = dict(t.split("=", 1) for t in want[at][1:])
    if record.get("o") == want[at][0].lstrip("=") and keys.items() <= record.items() and (
            want[at][0][0] != "=" or keys.keys() | set("tDio") == record.keys()):
        at += 1
if at < len(want):
    sys.exit(f"{at} of {len(want)} found, and not: {' '.join(want[at])}")
PY
check "compat32: every argument" python3 compare.py "$TEST_TMP/compat32/work/expected" \
	"$TEST_TMP/compat32/run.capture"
equal "compat32: reads that a handler ended" \
	"$(grep -Ec 'o=read;:,d=[0-9]+;:,c=1;:,s=-4;' "$TEST_TMP/compat32/run.capture")" 2

# The same with BPF programs: what ptrace recorded, and it can be replayed.
why=$(bpf_lacks)
if [ -n "$why" ]; then
	skip "with BPF" "$why"
	done_testing
fi
all="'$TEST_TMP/bin/int80' && '$TEST_TMP/bin/compat32' >expected && '$TEST_TMP/bin/rings32' && '$TEST_TMP/bin/aio32' mix"
capture_options=(--backend=bpf)
scenario bpf w sh -c "$all"
equal "bpf: nothing is lost" "$(grep 'o=lost' "$TEST_TMP/bpf/run.capture")" ""
rm -r bpf/work # the paths must be the same
check "bpf: recorded by ptrace" record bpf/work sh -c "$all"
check "bpf: what ptrace recorded" "$TESTS/vm/compare_captures.py" bpf/work/run.capture bpf/run.capture
status_is "bpf: x32" 3 "$IORIOT" -c x32-bpf.capture --backend=bpf -- bin/x32
equal "bpf: calls of x32 are told as lost" "$(sed -n 's/.*;:,o=lost;:,c=\([0-9]*\);.*/\1/p' x32-bpf.capture |
	awk '{ n += $1 } END { print n + 0 }')" 3
done_testing
