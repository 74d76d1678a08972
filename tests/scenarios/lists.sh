#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Access control lists: set in each way, and default ones of directories, there at the start or set, which give modes and
# lists to all that is made in them. Modes, names and lengths of lists are compared in each tree.
# shellcheck source=../scenario_lib.sh
. "$TESTS/scenario_lib.sh"
# shellcheck source=../bpf_lib.sh
. "$TESTS/bpf_lib.sh"

if ! python3 -c 'import os, struct
os.mkdir("probe")
os.setxattr("probe", "system.posix_acl_default", struct.pack("<I" + "HHI" * 3, 2, 1, 7, 2**32-1, 4, 5, 2**32-1, 32, 0, 2**32-1))'; then
	skip "lists" "this file system has no access control lists"
	done_testing
	exit
fi
check "build" cc -Wall -O1 -o program "$TESTS/scenarios/lists.c" -luring
program=$PWD/program

# called by scenario
# shellcheck disable=SC2317
setup() {
	mkdir tree tree/start
	python3 -c 'import os, struct
entries = ((1, 7, -1), (2, 7, 60000), (2, 7, 60001), (4, 7, -1), (16, 5, -1), (32, 4, -1))
os.setxattr("tree/start", "system.posix_acl_default",
            struct.pack("<I", 2) + b"".join(struct.pack("<HHi", *e) for e in entries))'
}
left_out() { # NAME: what generate left out because of attributes
	"$IORIOT" -c "$TEST_TMP/$1/run.capture" -r "$TEST_TMP/again.replay" --root "$TEST_TMP/$1/root" |
		grep 'attribute' || true
}
scenario lists tree sh -c "cd tree && '$program'"
equal "lists: nothing is left out" "$(left_out lists)" ""
scenario_as_user lists-user tree sh -c "cd tree && '$program'"

why=$(bpf_lacks)
if [ -n "$why" ]; then
	skip "lists with BPF" "$why"
	done_testing
	exit
fi
capture_options=(--backend=bpf)
scenario lists-bpf tree sh -c "cd tree && '$program'"
equal "lists-bpf: nothing is left out" "$(left_out lists-bpf)" ""
sets() { sed -n 's/.*;:,o=\(.*xattr.*\);:,$/\1/p' "$TEST_TMP/$1/run.capture" | sed 's/;:,k=[^;]*//' | sort; }
equal "lists-bpf: what ptrace recorded of each call" "$(sets lists-bpf)" "$(sets lists)"
done_testing
