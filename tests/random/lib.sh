# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Sourced by the tests with random programs. One verdict for each seed.
# shellcheck source=../lib.sh
. "$TESTS/lib.sh"

# random_programs WHO FIRST LAST MODE...: the seeds of a range, each mode has its part. $more are other options.
more=(--operations --second 10)
random_programs() {
	local who=$1 first=$2 last=$3 mode at size
	shift 3
	size=$(((last - first + $#) / $#))
	at=$first
	for mode; do
		"$TESTS/randprog/run.py" --as "$who" --mode "$mode" --verdicts "${more[@]}" --layouts all \
			--in-memory --jobs 4 --seeds "$at-$((at + size - 1 < last ? at + size - 1 : last))" --shrink-seconds 30
		at=$((at + size))
	done
}
