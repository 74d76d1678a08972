#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Random programs of an ordinary user: recorded, replayed in each layout, compared.
# time-limit: 1800
# shellcheck source=lib.sh
. "$TESTS/random/lib.sh"

random_programs user 1 250 turns
more=(--limits --ops 200) # a second capture has no lengths that were cut short in the first one
random_programs user 501 540 turns
