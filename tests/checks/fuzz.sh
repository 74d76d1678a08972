#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# time-limit: 1200
# Damaged lines and records for the readers and damaged files for whole steps, with the sanitizers.
# The lines are the same each time, the files too unless FUZZ_SEED says so: the seed is printed. FUZZ_SECONDS makes it
# longer.
# shellcheck source=../lib.sh
. "$TESTS/lib.sh"

flags='-fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer'
build build-asan "$flags" ioriot fuzz
export ASAN_OPTIONS=exitcode=99:detect_leaks=1:allocator_may_return_null=1
seconds=${FUZZ_SECONDS:-15}
check "lines of captures" "$SOURCE/build-asan/fuzz" capture $((seconds * 1000))
check "lines of replays" "$SOURCE/build-asan/fuzz" replay $((seconds * 1000))
check "records of the kernel" "$SOURCE/build-asan/fuzz" wire $((seconds * 1000))
check "captures that become replays" "$SOURCE/build-asan/fuzz" generate $((seconds * 200))
check "lines of strace" "$SOURCE/build-asan/fuzz" import $((seconds * 500))
check "names of snapshots" "$SOURCE/build-asan/fuzz" names $((seconds * 500))
check "replays that are loaded" "$SOURCE/build-asan/fuzz" load $((seconds * 200))

mkdir work root outside
echo untouched > outside/file
is_root && chown 65534 root
(cd work && "$IORIOT" --quiet -c ../good.capture -- sh -c 'mkdir -p d/e; echo one > d/f; ln d/f d/g
	ln -s f d/l; cat d/l | tee d/e/h; mv d/e d/k; ls -l d; (cd d && rm f); truncate -s 9000 d/g') > /dev/null
"$IORIOT" --quiet -c good.capture -r good.replay -n fuzz --root "$TEST_TMP/root"
before=$(find outside work -printf '%p %m %U %s %T@\n' | sort)
reached=$(mktemp -d)/ioriot # where the user of the replay can reach it
chmod 755 "$(dirname "$reached")"
cp "$SOURCE/build-asan/ioriot" "$reached"
"$TESTS/fuzz/whole.py" "$reached" good.capture good.replay "$TEST_TMP/root" "$seconds" "${FUZZ_SEED:-1}" || failed=1
equal "nothing outside of the tree was changed" \
	"$(find outside work -printf '%p %m %U %s %T@\n' | sort)" "$before"
done_testing
