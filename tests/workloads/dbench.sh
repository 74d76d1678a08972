#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# time-limit: 600
# dbench: the file calls of a file server's clients, several at once.
# shellcheck source=../scenario_lib.sh
. "$TESTS/scenario_lib.sh"

setup() { :; }

scenario dbench . dbench -t 3 -D . 3
done_testing
