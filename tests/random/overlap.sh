#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Random programs whose calls overlap: recorded, replayed in two layouts, compared.
# time-limit: 1800
# shellcheck source=lib.sh
. "$TESTS/random/lib.sh"

for mode in pairs phases free; do
	"$TESTS/randprog/run.py" --as user --mode "$mode" --seeds 1-60 --verdicts --shrink-seconds 30
done
