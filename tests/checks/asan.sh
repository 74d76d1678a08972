#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# time-limit: 3600
# Unit tests, end-to-end tests and a scenario with AddressSanitizer, leaks included, and
# UndefinedBehaviorSanitizer. A finding ends the program with status 99.
# shellcheck source=../lib.sh
. "$TESTS/lib.sh"

flags='-fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer'
build build-asan "$flags" ioriot unit syscall_matrix
export UBSAN_OPTIONS=print_stacktrace=1
mapfile -t scripts < <(cd "$TESTS" && ls e2e/*.sh ops/*.sh 2>/dev/null)
leaks=() traced=()
for script in "${scripts[@]}"; do
	# the leak check is a tracer itself and cannot run in what strace or we trace
	if grep -q strace "$SOURCE/scripts/$(basename "$script")" "$TESTS/$script" 2>/dev/null; then
		traced+=("$script")
	else
		leaks+=("$script")
	fi
done
ASAN_OPTIONS=exitcode=99:detect_leaks=1 unit_tests build-asan init kernel
ASAN_OPTIONS=exitcode=99:detect_leaks=1 nested "end-to-end tests" build-asan "${leaks[@]}"
ASAN_OPTIONS=exitcode=99:detect_leaks=0 nested "under strace, and real programs" build-asan \
	"${traced[@]}" scenarios/python.sh scenarios/sqlite.sh
done_testing
