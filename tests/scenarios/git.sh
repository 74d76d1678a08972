#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# git clone and git gc: hard links, renames over temporary files, packs, threads, many processes.
# shellcheck source=../scenario_lib.sh
. "$TESTS/scenario_lib.sh"

setup() {
	git init -q -b main src
	cd src || return
	git config user.name tester
	git config user.email tester@localhost
	for commit in 1 2 3; do
		for directory in a b c d; do
			mkdir -p "$directory"
			for file in 1 2 3 4 5 6 7 8; do
				seq $((commit * file)) $((commit * file + 300)) > "$directory/$file.txt"
			done
		done
		git add .
		git commit -q -m "commit $commit"
	done
}

program='git clone -q "$PWD/src" clone && cd clone && git gc -q && git status --short'
scenario git clone sh -c "$program"
scenario_as_user git_user clone sh -c "$program"
done_testing
