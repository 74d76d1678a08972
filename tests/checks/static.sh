#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What "make test" needs not and others do builds: the program without libraries, which records and analyses as the
# other does, and the tools of "make bench".
# shellcheck source=../lib.sh
. "$TESTS/lib.sh"

check "build" make -s -C "$SOURCE" static
static=$SOURCE/build/ioriot-static
equal "it loads no library" "$(LC_ALL=C ldd "$static" 2>&1 | tr -d '\t')" "not a dynamic executable"
check "record" "$static" --quiet -c x.capture.zst -- sh -c 'echo a > file; cat file > copy'
check "analyse" "$static" --quiet -a x.capture.zst --export csv:static.csv
check "analyse with the other" "$IORIOT" --quiet -a x.capture.zst --export csv:other.csv
check "both say the same" cmp static.csv other.csv
check "what was recorded" grep -q "$PWD/copy" static.csv
check "the tools of make bench" make -s -C "$SOURCE" benchtools
done_testing
