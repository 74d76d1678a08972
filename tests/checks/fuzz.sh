#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# time-limit: 600
# Mutated lines of every operation through both readers, under ASan and UBSan: see tests/fuzz/fuzz.h.
# shellcheck source=../lib.sh
. "$TESTS/lib.sh"

iterations=${FUZZ_ITERATIONS:-100000}
seed=${FUZZ_SEED:-$(date +%s)} # a new one each time; a failure names it
cd "$SOURCE" || exit 1
check "the fuzz program builds with sanitizers" make -s BUILD=build/fuzz-asan CFLAGS="-O1 -g" \
	EXTRA_CFLAGS="-fsanitize=address,undefined -fno-sanitize-recover=undefined" build/fuzz-asan/fuzz
for format in capture replay; do
	check "$format lines, seed $seed" build/fuzz-asan/fuzz "$format" "$iterations" "$seed"
done
done_testing
