#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Random programs whose calls overlap: the capture tells in which order they took effect.
# time-limit: 600
# shellcheck source=lib.sh
. "$TESTS/random/lib.sh"

for mode in pairs phases free; do
	"$TESTS/randprog/run.py" --as user --mode "$mode" --verdicts --seeds 501-508 --twice --shrink-seconds 30
done
