# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Sourced by the tests of the replay: replay files written by hand, in a tree of their own.
# shellcheck source=lib.sh
. "$TESTS/lib.sh"

place=$TEST_TMP/place
tree=$place/.ioriot/t1
mkdir -p "$place"
chmod 755 "$TEST_TMP" "$place"

# replay_file FILE: standard input is the operations, then a line INIT, then the INIT section.
# @TREE@ stands for the tree. A line ends with the operation's name and gets its own number as its
# label (2 = the first), or with NAME@LABEL.
replay_file() {
	awk -v tree="$tree" '
		BEGIN { print "#|replay_version=4|name=t1|layout=root|id=abc1|" }
		{ gsub("@TREE@", tree) }
		$0 == "INIT" { print "#INIT"; init = 1; next }
		init { print; next }
		/@[0-9]+$/ { print $0 "|"; next }
		{ print $0 "@" NR + 1 "|" }
		END { if (!init) print "#INIT"; print "#END" }' > "$1"
}

init() { # FILE
	"$IORIOT" -i "$1" --root "$place" --quiet
}

# replays NAME STATUS FILE [OPTIONS]: a fresh tree, then the replay.
replays() {
	local name=$1 status=$2 file=$3
	shift 3
	init "$file" || { not_ok "$name" "init failed"; return; }
	status_is "$name" "$status" "$IORIOT" -r "$file" --root "$place" -D "$@"
}

json() { # EXPRESSION of python on j, FILE
	python3 -c 'import json, sys; j = json.load(open(sys.argv[2])); print(eval("(" + sys.argv[1] + ")"))' \
		"$1" "$2"
}
