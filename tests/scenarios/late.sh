#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The other scenarios, their records coming as late as can be: what was so before is worked out when the
# programs are over, from what is left and from what the kernel tells with the calls. Replays must not
# diverge, and leave the same trees.
# shellcheck source=../scenario_lib.sh
. "$TESTS/scenario_lib.sh"

# What the kernel does not tell (tests/late/emulate.c), and how many names may be told otherwise.
hidden=
most=0
late() { # RECORDED LATE
	status_is "made late" 0 "$SOURCE/build/late_emulate" -n "$hidden" "$1" "$2" || return
	status_is "same state" 0 "$TESTS/late/compare.py" --most "$most" "$1" "$2"
	echo "$output"
}

late_scenario() { # NAME
	echo "== $1, not told: <$hidden>"
	mkdir -p "$1-$hidden"
	(
		TEST_TMP=$TEST_TMP/$1-$hidden
		rewrite=late
		# shellcheck source=/dev/null
		. "$TESTS/scenarios/$1.sh"
	)
}

for name in attributes copies git make python shell sqlite tar; do
	late_scenario "$name" || not_ok "$name" "see above"
done
# where a file had holes that are written to later cannot be told
most=1
late_scenario changes || not_ok changes "see above"
# with nothing of the kernel's own
hidden=abcos
most=100
for name in attributes copies git make python shell sqlite tar; do
	late_scenario "$name" || not_ok "$name" "see above"
done
done_testing
