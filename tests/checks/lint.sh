#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# time-limit: 1200
# cppcheck over all C code; a finding that is wrong is listed in cppcheck.suppress, with its reason.
# shellcheck source=../lib.sh
. "$TESTS/lib.sh"

cd "$SOURCE" || exit 1
# Not the BPF programs: what they are made of cppcheck does not know, and the kernel verifies them.
check "cppcheck" cppcheck -isrc/capture/bpf --quiet --std=c11 --enable=warning,performance,portability \
	--inline-suppr --suppressions-list=tests/checks/cppcheck.suppress --error-exitcode=1 \
	--platform=unix64 -D_GNU_SOURCE -D__x86_64__ -Isrc --max-configs=1 \
	src scripts

# The rules of the house that a compiler does not know.
check_none() { # NAME REGEX FILES...
	local name=$1 regex=$2 found
	shift 2
	if found=$(grep -REn -- "$regex" "$@"); then
		not_ok "$name" "$found"
	else
		ok "$name"
	fi
}
check_none "no atoi and the like" '\b(atoi|atol|atof|strcat|sprintf|gets)\(' src
check_none "nothing left to do in comments" '\b(TODO|FIXME|XXX)\b' src systemtap/*.* scripts tests/unit
check_none "no trailing blanks" '[[:blank:]]+$' src systemtap/*.* scripts docs Makefile ./*.md
# 100 is what clang-format aims at; tables may be a little wider.
long=$(find src systemtap -path systemtap/build -prune -o -name '*.[ch]' -print | while read -r file; do
	expand "$file" | awk -v file="$file" 'length > 120 { print file ":" FNR }'
done)
equal "no line over 120 columns" "$long" ""
# What the kernel module includes is under both licenses.
unlicensed=$(grep -RLE 'SPDX-License-Identifier: (GPL-2.0-only OR )?Apache-2.0' src systemtap scripts tests --exclude-dir=build --include='*.[ch]' \
	--include='*.sh' --include='*.py' --include='*.def')
equal "every source file says its licence" "$unlicensed" ""
done_testing
