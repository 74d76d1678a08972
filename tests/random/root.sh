#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Random programs of root: recorded, replayed in each layout by root, compared with modes and owners.
# time-limit: 1800
# shellcheck source=lib.sh
. "$TESTS/random/lib.sh"

if [ "$(id -u)" -ne 0 ]; then
	skip "random programs of root" "needs root"
	exit
fi
random_programs root 251 500 turns
