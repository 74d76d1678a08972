#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A release is built where there is neither clang nor bpftool, with the BPF backend in it; sources that were changed
# are not built with programs of others.
# shellcheck source=../lib.sh
. "$TESTS/lib.sh"
# shellcheck source=../bpf_lib.sh
. "$TESTS/bpf_lib.sh"

if ! said=$(git -C "$SOURCE" rev-parse --show-toplevel 2>&1) || [ "$said" != "$SOURCE" ]; then
	skip "release" "not a checkout of git that this user may read: $said"
	done_testing
elif grep -q 'not part of this build' <<<"$("$IORIOT" --check 2>&1)"; then
	skip "release" "this build has no BPF backend"
	done_testing
fi
check "make dist" make -s -C "$SOURCE" BUILD="$TEST_TMP/made" dist
check "unpacked" tar -xf made/ioriot-*.tar.gz
cd ioriot-*/ || exit
without=(make -s -j2 CLANG=/nonexistent BPFTOOL=/nonexistent)
# what has nothing to do with it was compiled before
mkdir build
cp -pr "$SOURCE"/build/{src,html,tables.h,flags} build
rm -f build/src/capture/bpf*.o build/src/main.o
check "built without clang" "${without[@]}" build/ioriot
export IORIOT=$PWD/build/ioriot
check "the BPF backend is in it" grep -q 'ok *backend *part of this build' <<<"$("$IORIOT" --check 2>&1)"
why=$(bpf_lacks)
if [ -n "$why" ]; then
	skip "it records" "$why"
else
	status_is "it records" 0 "$IORIOT" --quiet -c ../a.capture --backend=bpf -- cat /etc/passwd
	check "what it records" grep -q 'o=openat;:,d=AT_FDCWD;:,p=/etc/passwd;:,f=0;' ../a.capture
fi
echo >>src/capture/bpf/ioriot.bpf.c
status_is "changed sources: not built" 2 "${without[@]}" build/ioriot
says "changed sources: sentence" "is not made of these sources: clang and bpftool are needed"
done_testing
