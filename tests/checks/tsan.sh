#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# time-limit: 1800
# Unit tests and the scenarios with the most threads with ThreadSanitizer. A race ends the program
# with status 66. The threads that read ahead of generate, of the analysis and of the replay are in all: as the slots
# that go round (unit, relay; blocks of a capture in unit, capture), and with the real work in them.
# shellcheck source=../lib.sh
. "$TESTS/lib.sh"

build build-tsan '-fsanitize=thread -fno-omit-frame-pointer' ioriot unit
export TSAN_OPTIONS=halt_on_error=1:exitcode=66
# its shadow memory does not fit the address layout that newer kernels choose at random
prefix=(setarch --addr-no-randomize)
unit_tests build-tsan init kernel
nested "threads of real programs" build-tsan scenarios/python.sh scenarios/git.sh
nested "threads of the analysis" build-tsan e2e/analyse.sh
done_testing
