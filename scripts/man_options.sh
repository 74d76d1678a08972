#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# man_options.sh OPTIONS PAGE: puts OPTIONS between the two OPTIONS marks of PAGE.
set -eu
awk -v options="$1" '
	/^\.\\" OPTIONS END/ { skip = 0 }
	!skip { print }
	/^\.\\" OPTIONS BEGIN/ { skip = 1; while ((getline line < options) > 0) print line }
' "$2" > "$2.new"
mv "$2.new" "$2"
