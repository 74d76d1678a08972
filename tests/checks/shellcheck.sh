#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Every script, and the completion that is made of the option table.
# shellcheck source=../lib.sh
. "$TESTS/lib.sh"

cd "$SOURCE" || exit 1
while IFS= read -r script; do
	check "$script" shellcheck "$script"
done < <(find scripts systemtap tests .ci -path systemtap/build -prune -o -type f -exec grep -lE '^#!/bin/(ba)?sh|^# shellcheck shell=' {} + | sort)
check "completion" shellcheck -s bash build/ioriot.bash
done_testing
