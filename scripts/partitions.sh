#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Records what the tests record with the most kinds of calls, and prints which partitions of arguments and
# results that hits and which it never does (partitions.py): the program of the syscall matrix, that of each
# operation, random programs (SEEDS of them), the scenarios (SCENARIOS, all by default).
set -u
cd "$(dirname "$0")/.." || exit 1
source=$PWD
ioriot=$PWD/ioriot
kept=$(mktemp -d -p "${TMPDIR:-/var/tmp}")
chmod 755 "$kept"
trap 'chmod -R u+rwx "$kept" 2> /dev/null; rm -rf "$kept"' EXIT
mkdir "$kept/made" "$kept/root" "$kept/work" "$kept/base"

cd "$kept/work" || exit 1
touch ../go
"$ioriot" --quiet -c ../matrix.capture -- "$source/build/syscall_matrix" ../pid ../go "$kept/base" "$(id -un)" > /dev/null 2>&1
if [ "$(id -u)" -eq 0 ]; then # whom more is refused
	install -d -o 65534 ../nobody
	install -m 755 "$ioriot" "$source/build/syscall_matrix" ../nobody
	(cd ../nobody && setpriv --reuid=65534 --regid=65534 --clear-groups ./ioriot --quiet -c matrix.capture -- \
		./syscall_matrix pid ../go "$kept/nobody/base" nobody > /dev/null 2>&1)
fi
cc -O1 -o ../op_calls "$source/tests/ops/op_calls.c" || exit 1
for op in $(../op_calls --list); do
	mkdir "$op"
	(cd "$op" && "$ioriot" --quiet -c "../../$op.capture" -- ../../op_calls "$op" > /dev/null 2>&1 < /dev/null)
done
cd "$source" || exit 1
# shellcheck disable=SC2086 # names of tests
[ -z "${SCENARIOS-scenarios}" ] || TMPDIR=$kept tests/run --keep ${SCENARIOS-scenarios} 2> /dev/null | tail -n 1
for as in user root; do
	[ $as = user ] || [ "$(id -u)" -eq 0 ] || continue
	IORIOT=$ioriot tests/randprog/run.py --as $as --seeds "1-${SEEDS:-60}" --keep-files --no-shrink \
		--directory "$kept/$as" | tail -n 1
done
# Names of flags and errors stand in replays: each capture becomes one.
n=0
find "$kept" \( -name '*.capture' -o -name '*.capture.zst' -o -name capture \) -type f > "$kept/captures"
while read -r capture; do
	n=$((n + 1))
	ln "$capture" "$kept/made/$n.capture"
	"$ioriot" --quiet -c "$capture" -r "$kept/made/$n.replay" -n p --root "$kept/root" 2> /dev/null
done < "$kept/captures"
scripts/partitions.py "$@" "$kept/made"
