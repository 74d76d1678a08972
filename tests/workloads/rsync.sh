#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# time-limit: 300
# rsync: a tree copied, brought up to date in place and by renames, with deletions and hard links.
# shellcheck source=../scenario_lib.sh
. "$TESTS/scenario_lib.sh"

setup() {
	mkdir -p src/a/b src/c
	for n in 1 2 3 4 5 6 7 8 9; do seq $((n * 2000)) > "src/a/$n"; cp "src/a/$n" "src/c/$n"; done
	ln src/a/1 src/a/b/hard
	ln -s ../a/2 src/c/soft
	truncate -s 3M src/c/sparse
}

program='rsync -aH src/ dst; rm -r src/c/3; seq 77 > src/a/4; seq 99999 >> src/a/5
rsync -aHS --delete --inplace src/ dst; rsync -a --checksum --link-dest="$PWD/dst" src/ linked'
scenario rsync "src dst linked" sh -e -c "$program"
done_testing
