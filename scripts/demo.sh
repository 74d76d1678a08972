#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Records git clone and git gc, replays them and shows what differed and how long each took.
# As root or as anyone. Works in one temporary directory, which is removed at the end.
set -eu

here=$(cd "$(dirname "$0")/.." && pwd)
ioriot=$here/ioriot
demo=$(mktemp -d "${TMPDIR:-/var/tmp}/ioriot-demo.XXXXXX")
chmod 755 "$demo" # as root the replay runs as nobody, who must get there
leave() {
	status=$?
	cd /
	# Directories of others are closed to their owner in a replay's tree too: not for rm.
	[ ! -d "$demo/root/.ioriot" ] || "$ioriot" -P --root "$demo/root" --quiet
	rm -rf "$demo"
	if [ $status -eq 0 ]; then
		printf '\nAll of it was in %s, which is gone.\n' "$demo"
	else
		printf '\nThe demo failed, status %s.\n' "$status" >&2
	fi
	exit $status
}
trap leave EXIT
trap 'exit 130' INT TERM

bold='' plain=''
if [ -t 1 ]; then
	bold=$(printf '\033[1m') plain=$(printf '\033[0m')
fi
show() { # COMMAND...: what a user would type, with short file names, and what comes of it
	printf '\n%s$ %s%s\n' "$bold" "$(sed "s#$ioriot#ioriot#; s#$demo/##g" <<<"$*")" "$plain"
	"$@" 2>&1 | sed "s#$demo/##g"
	return "${PIPESTATUS[0]}"
}
export HOME=$demo GIT_CONFIG_NOSYSTEM=1 TMPDIR=$demo/tmp
mkdir "$demo/work" "$demo/root" "$demo/tmp"
cd "$demo/work"

echo "A repository with 300 files in 5 commits is made, to have something to work on."
git init -q -b main src
for commit in 1 2 3 4 5; do
	for n in $(seq 300); do
		mkdir -p "src/dir$((n % 10))"
		seq "$commit" $((commit + n)) > "src/dir$((n % 10))/file$n"
	done
	git -C src add .
	git -C src -c user.name=demo -c user.email=demo@localhost commit -q -m "commit $commit"
done

show "$ioriot" -c "$demo/git.capture.zst" -- sh -c "git clone -q src copy && git -C copy gc -q"
show "$ioriot" -c "$demo/git.capture.zst" -r "$demo/git.replay" -n demo --root "$demo/root"
show "$ioriot" -i "$demo/git.replay" --root "$demo/root"
show "$ioriot" -r "$demo/git.replay" --root "$demo/root" -D -p 2 -t 8 -S "$demo/stats.txt"

printf '\n%sOperations and their latency in us as replayed, from stats.txt:%s\n' "$bold" "$plain"
table() { sed -n '/^Operations, latency/,/^[A-Z]/p' "$demo/stats.txt" | sed '1d; $d' | expand | cut -c 9-; }
table | head -1
table | grep replayed | sort -k2,2nr | head -12

printf '\n%sThe directory that git made, against the one that the replay made:%s\n' "$bold" "$plain"
/usr/bin/python3 "$here/tests/treecmp.py" --holes --prefix-b "$demo/root/.ioriot/demo" \
	"$demo/work/copy" "$demo/root/.ioriot/demo$demo/work/copy"
echo "equal: $(find "$demo/work/copy" | wc -l) names, with their types, modes, sizes, links and holes"
