#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Which lines of src/ the tests run: builds with clang's counters, runs unit, end-to-end and operation
# tests, the scenarios and calls that fail with that, and prints a line per file and the total.
#
# usage: coverage.sh [-m PERCENT] [TESTS...]
#
# The counters lie in a file that is mapped: so those of a replay's workers count, who may write to no file, those
# of a capture with BPF, which has given up its capabilities, and those of who is killed. Fails when a test does, or
# when less than PERCENT of the lines were run. What only a kernel with the module can run is counted twice: with
# all, and by itself.
set -u
cd "$(dirname "$0")/.." || exit 1
least=0
if [ "${1-}" = -m ]; then
	least=$2
	shift 2
fi
[ $# -gt 0 ] || set -- unit e2e ops scenarios checks/faults.sh

build='build-coverage'
flags='-fprofile-instr-generate -fcoverage-mapping'
LLVM_PROFILE_FILE=/dev/null make -s -j2 BUILD=$build CC=clang CFLAGS='-O1 -g' LDFLAGS=-Wno-unused-command-line-argument \
	EXTRA_CFLAGS="$flags -mllvm -runtime-counter-relocation" all $build/unit || exit 1
counters=$(mktemp -d)
trap 'rm -rf "$counters"' EXIT
chmod 755 "$counters"
export LLVM_PROFILE_FILE="$counters/%m%c.profraw"
# They are made now, for all users that a test runs as.
$build/ioriot -V > /dev/null
$build/option_texts man > /dev/null
$build/option_texts completion > /dev/null
$build/unit datas > /dev/null
chmod 666 "$counters"/*
tests/run --ioriot $build/ioriot --unit $build/unit "$@"
tested=$?
llvm-profdata-14 merge -o "$counters/all" "$counters"/*.profraw || exit 1
report=$(llvm-cov-14 report $build/ioriot -object $build/unit -object $build/option_texts -instr-profile="$counters/all" src 2> /dev/null)
awk -v least="$least" '
	/\.[ch] / && $8 > 0 {
		name = $1
		sub(/^.*src\//, "", name)
		lines = $8
		missed = $9
		all += lines
		gone += missed
		if (name ~ /^capture\/(stap|wire_read|begin|late)/) {
			kernel += lines
			kernel_gone += missed
		}
		printf "%6d lines %6d not run %6.1f %%  src/%s\n", lines, missed, 100 * (lines - missed) / lines, name
	}
	END {
		if (!all) {
			print "coverage: no report"
			exit 1
		}
		percent = 100 * (all - gone) / all
		printf "SystemTap backend: %d lines, %.1f %% run without its module\n", kernel, 100 * (kernel - kernel_gone) / kernel
		printf "coverage: %d of %d lines, %.1f %%\n", all - gone, all, percent
		if (percent < least)
			printf "coverage: less than %d %%\n", least
		exit percent < least
	}' <<< "$report"
result=$?
[ -z "${COVERAGE_LINES-}" ] || llvm-cov-14 show $build/ioriot -object $build/unit -object $build/option_texts -instr-profile="$counters/all" \
	src > "$COVERAGE_LINES" 2> /dev/null
[ $tested -eq 0 ] || echo "coverage: some tests failed"
exit $((result | tested))
