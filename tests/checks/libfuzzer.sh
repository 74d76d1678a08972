#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# time-limit: 4000
# Guided by coverage: readers, generate, import, names of snapshots, and what init and replay do before they begin, on
# bytes that find new ways through the code, with the sanitizers. It starts from tests/fuzz/corpus and the examples of
# the documents. LIBFUZZER_SECONDS for each of the seven is the length; LIBFUZZER_KEEP=DIR keeps what was found.
# shellcheck source=../lib.sh
. "$TESTS/lib.sh"

seconds=${LIBFUZZER_SECONDS:-5}
targets=(capture replay wire generate load import names)
if ! log=$(make -s -j2 -C "$SOURCE" BUILD=build-fuzz CC=clang CFLAGS='-O1 -g1' \
	EXTRA_CFLAGS='-fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer' \
	build-fuzz/fuzz "${targets[@]/#/build-fuzz/libfuzzer_}" 2>&1); then
	not_ok "build with clang and libFuzzer" "$log"
	done_testing
fi
check "seeds" "$TESTS/fuzz/seeds.py" "$PWD/seeds"
for target in "${targets[@]}"; do
	found=${LIBFUZZER_KEEP:-$PWD/found}/$target
	mkdir -p "$found" "$TESTS/fuzz/corpus/$target"
	FUZZ_KEEP=seeds/$target "$SOURCE/build-fuzz/fuzz" "$target" 100 7 > /dev/null
	start=$SECONDS
	if "$SOURCE/build-fuzz/libfuzzer_$target" -max_total_time="$seconds" -timeout=20 -rss_limit_mb=2048 \
		-seed="${FUZZ_SEED:-1}" -print_final_stats=1 -dict=seeds/words -artifact_prefix="$found/" \
		"$found" "$TESTS/fuzz/corpus/$target" "seeds/$target" > log 2>&1; then
		ok "$target: $(grep -aoP 'number_of_executed_units: \K.*' log) inputs in $((SECONDS - start)) s, $(grep -aoP 'DONE +\Kcov: \d+ ft: \d+' log)"
	else
		not_ok "$target" "$(tail -c 6000 log | tr -c '[:print:]\n' '?')"
		find "$found" -name 'crash-*' -o -name 'timeout-*' -o -name 'leak-*' -o -name 'oom-*' | while read -r file; do
			echo "input of $target, base64: $(base64 -w0 "$file")"
		done
	fi
done
done_testing
