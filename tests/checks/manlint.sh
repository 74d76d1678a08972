#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The manual pages are correct mdoc, and the options in ioriot(1) are those of the option table.
# shellcheck source=../lib.sh
. "$TESTS/lib.sh"

for page in "$SOURCE"/docs/man/*.[157]; do
	name=$(basename "$page")
	# a page of this project is not in the manual of the system, and has no earlier release
	findings=$(mandoc -T lint -W warning "$page" | grep -v 'referenced manual not found')
	equal "$name: no warnings" "$findings" ""
done
sed -n '/^\.\\" OPTIONS BEGIN/,/^\.\\" OPTIONS END/p' "$SOURCE/docs/man/ioriot.1" |
	grep -v '^\.\\"' > in_page
check "ioriot.1: options are current (else: make man)" diff in_page "$SOURCE/build/options.mdoc"
done_testing
