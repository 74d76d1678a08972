#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# --scale: copies of a replay side by side, each in trees of its own.
# shellcheck source=../replay_lib.sh
. "$TESTS/replay_lib.sh"

copy() { # NUMBER: its tree
	printf '%s.copy%03d' "$tree" "$1"
}

# Two processes that wait for each other; names, links, the current directory, a umask, a lock and descriptors of
# each: nothing of one copy may be taken for another's.
replay_file work.replay << 'E1'
3+9|0|0|-|@TREE@/made|0755|0|mkdir
4+9|0|0|-|@TREE@/made|0|chdir
5+9|0|0|-|027|18|umask
6+9|0|0|-|cwd|f|O_RDWR+O_CREAT+O_EXCL|0666|>0|3|openat
7+9|0|0|-|0|300|300|write
8+9|0|0|-|0|F_SETLK|F_WRLCK,SEEK_SET,0,0,L0|>-|0|fcntl
9+9|0|0|-|0|L0|0|close
10+9|0|0|-|@TREE@/old|@TREE@/link|0|symlink
11+9|0|0|-|@TREE@/link|O_RDONLY|0|>1|3|open
12+9|0|0|-|1|4096|4096|read
13+9|0|0|-|1|-|0|close
14+9|0|0|-|1:1|-|99|fork
15+9|1|1|13|g|0666|>2|3|creat
16+9|1|1|-|2|100|100|write
17+9|1|1|-|2|-|0|close
18+9|0|0|16|g|O_RDONLY|0|>3|3|open
19+9|0|0|-|3|4096|100|read
20+9|0|0|-|3|-|0|close
21+9|0|0|-|@TREE@/old|@TREE@/new|0|rename
22+9|1|1|20|@TREE@/old|04|-ENOENT|access
INIT
file|0644|0|0|4096|0+4096|@TREE@/old|
E1

status_is "init makes the trees" 0 "$IORIOT" -i work.replay --root "$place" --scale=3
says "init: the last of them" "^init t1.copy003: .* 1 files"
equal "init: three trees, each with its marker" "$(find "$place/.ioriot" -mindepth 1 -maxdepth 1 \
	-printf '%f\n' | LC_ALL=C sort | tr '\n' ' ')" \
	".t1.copy001.tree .t1.copy002.tree .t1.copy003.tree t1.copy001 t1.copy002 t1.copy003 "
status_is "replay" 0 "$IORIOT" -r work.replay --root "$place" -D --scale=3 --json three.json -S three.txt
says "replay: the sum" "^Replayed 60 operations of test 't1'"
says "replay: the copies" "^3 copies, side by side: "
says "replay: no divergence" "^0 divergences"
for i in 1 2 3; do
	at=$(copy "$i")
	equal "copy $i did what was captured" "$(cd "$at" && find . -type f -printf '%P %s %m\n' -o -type l \
		-printf '%P -> %l\n' | LC_ALL=C sort)" "link -> $at/old
made/f 300 640
made/g 100 640
new 4096 644"
done
equal "JSON: the copies" "$(json '[(c["copy"], c["directory"], c["operations"], c["bytes_written"], c["divergences"])
	for c in j["copies"]]' three.json)" \
	"[(1, 't1.copy001', 20, 400, 0), (2, 't1.copy002', 20, 400, 0), (3, 't1.copy003', 20, 400, 0)]"
equal "JSON: the sum" "$(json 'j["operations"], j["bytes_written"], j["workers"], j["settings"]["scale"], j["test"]' \
	three.json)" "(60, 1200, 3, 3, 't1')"
equal "JSON: what each copy did adds up" "$(json 'all(sum(c[k] for c in j["copies"]) == j[k] for k in ("operations",
	"bytes_read", "bytes_written", "errors", "divergences", "explained", "not_issued", "waits")) and
	all(o["count"] == 3 * p["count"] for o, p in zip(j["by_operation"], j["copies"][1]["by_operation"]))' \
	three.json)" True
equal "every member of a copy is documented" "$(json '" ".join(k for k in j["copies"][0]
	if "`" + k + "`" not in open("'"$SOURCE"'/docs/statistics.md").read())' three.json)" ""
equal "text: a line for each copy" "$(sed -n '/^Copies:/,/^[^\t]*:$/p' three.txt | awk '$1 ~ /^[123]$/ { print $2 }' |
	tr '\n' ' ')" "20 20 20 "

# What one copy found elsewhere diverges there, and nowhere else.
init_scaled() {
	"$IORIOT" -i work.replay --root "$place" --scale=3 --quiet
}
init_scaled
rm "$(copy 2)/old"
status_is "one copy diverges" 3 "$IORIOT" -r work.replay --root "$place" -D --scale=3 --json diverged.json
says "one copy diverges: which" "copy 2: [1-9]"
equal "one copy diverges: no other" "$(json '[c["divergences"] > 0 for c in j["copies"]],
	j["divergences"] == j["copies"][1]["divergences"]' diverged.json)" "([False, True, False], True)"

# Each is confined to its own tree: what leads to another copy's is closed.
init_scaled
for i in 1 2 3; do
	rm "$(copy "$i")/old"
	cp "$(copy 1)/../t1.copy003/old" "$(copy "$i")/plain" 2>/dev/null || head -c 4096 /dev/zero > "$(copy "$i")/plain"
	ln -s "$(copy 2)/plain" "$(copy "$i")/old"
	chmod 644 "$(copy "$i")/plain"
done
replay_file other.replay << 'E1'
3+9|0|0|-|@TREE@/old|O_RDONLY|0|>1|3|open
4+9|0|0|-|@TREE@/../t1.copy002/plain|O_RDONLY|0|>-|-ENOENT|open
E1
fails "a name that leads to another copy" 1 "'..'" "$IORIOT" -r other.replay --root "$place" -D --scale=3
sed -i '/copy002/d' other.replay
if [ "$(json 'j["settings"]["landlock"]' three.json)" -gt 0 ]; then
	status_is "a link to another copy" 3 "$IORIOT" -r other.replay --root "$place" -D --scale=3 --json other.json
	equal "a link to another copy: only its own may follow" \
		"$(json '[[(d["operation"], d["got"]) for d in c["divergence_kinds"]] for c in j["copies"]]' other.json)" \
		"[[('open', '-EACCES')], [], [('open', '-EACCES')]]"
else
	skip "a link to another copy" "this kernel has no Landlock"
fi

status_is "fewer copies than trees" 0 "$IORIOT" -R work.replay --root "$place" -D --scale=2
fails "a tree is missing" 1 "there is no tree $(copy 4); ioriot -i work.replay with the same --scale builds it" \
	"$IORIOT" -r work.replay --root "$place" -D --scale=4
fails "without --scale it is another tree" 1 "there is no tree $tree; ioriot -i work.replay builds it" \
	"$IORIOT" -r work.replay --root "$place" -D

# Runs, parts of runs.
status_is "runs" 0 "$IORIOT" -R work.replay --root "$place" -D --scale=2 --repeat=2 --json runs.json
equal "runs: each copy in each" "$(json '[[c["operations"] for c in r["copies"]] for r in j["runs"]]' runs.json)" \
	"[[20, 20], [20, 20]]"
equal "runs: each tree again" "$(grep -c '^init t1.copy00[12] again' <<< "${output-}")" 2
status_is "the first operations of each" 0 "$IORIOT" -R work.replay --root "$place" -D --scale=2 --limit=5ops \
	--json limit.json
equal "the first operations of each: as many" "$(json '[c["operations"] for c in j["copies"]]' limit.json)" "[5, 5]"
awk 'BEGIN { for (i = 0; i < 40; i++) printf "%d+9|0|0|-|@TREE@|04|0|access\n", i * 25000000 }' | replay_file paced.replay
status_is "a warm-up" 0 "$IORIOT" -R paced.replay --root "$place" -D -s 1 --scale=2 --warmup=10ops --json warm.json
equal "a warm-up: of all copies" "$(json 'j["warmup"]["operations"] + j["operations"],
	sum(c["operations"] for c in j["copies"]) == j["operations"], 0 < j["operations"] <= 60' warm.json)" "(80, True, True)"
status_is "one copy" 0 "$IORIOT" -R work.replay --root "$place" -D --scale=1 --json one.json
equal "one copy: a copy" "$(json 'len(j["copies"]), j["copies"][0]["directory"], j["operations"]' one.json)" \
	"(1, 't1.copy001', 20)"
status_is "compared with fewer copies" 0 "$IORIOT" --compare one.json three.json
says "compared with fewer copies: said" "^Settings differ: scale is 1 and 3"
if is_root; then
	chmod 777 "$place"
	rm -rf "$place/.ioriot"
	status_is "as a user" 0 as_user "$IORIOT" -R work.replay --root "$place" -D --scale=2
	rm -rf "$place/.ioriot"
fi

# Ctrl-C ends all copies, with what each did.
awk 'BEGIN {
	print "0+9|0|0|-|@TREE@/made|0755|0|mkdir"
	print "60000000000+9|0|0|-|@TREE@/made|0|rmdir"
}' | replay_file slow.replay
took=$("$TESTS/e2e/interrupt.py" exists "$(copy 2)/made" "$IORIOT" -R slow.replay --root "$place" -D -s 1 --scale=2 \
	--json slow.json 2>&1 | tail -1)
check "Ctrl-C ends all copies ($took)" grep -Eq '^0\.[0-9]+ s, status 1$' <<< "$took"
equal "Ctrl-C: statistics of each" "$(json 'j["complete"], [c["operations"] for c in j["copies"]]' slow.json)" \
	"(False, [1, 1])"

# A worker that cannot start ends all, and says why.
init_scaled
mv "$(copy 3)" "$(copy 3).away"
fails "a tree that went away" 1 "ioriot did not make|there is no tree" "$IORIOT" -r work.replay --root "$place" -D --scale=3
mv "$(copy 3).away" "$(copy 3)"

# Enough space for one copy is not enough for two; if that was not seen, the limit keeps the disk from being filled.
large=$(($(stat -f -c '%f * %S' "$place") * 9 / 10))
replay_file large.replay << E1
3+9|0|0|-|@TREE@/large|0|unlink
INIT
file|0644|0|0|$large|0+$large|@TREE@/large|
E1
fails "no space for all copies" 1 "the trees of this and the later copies need" \
	bash -c 'ulimit -f 1024 && exec "$@"' sh "$IORIOT" -i large.replay --root "$place" --scale=2

init_scaled
status_is "trash: all copies of a test" 0 "$IORIOT" -T -n t1 --root "$place"
says "trash: three" "^trash: 3 trees"
init_scaled
status_is "purge: one copy" 0 "$IORIOT" -P -n t1.copy002 --root "$place"
equal "purge: the others stay" "$(cd "$place/.ioriot" && echo t1*)" "t1.copy001 t1.copy003"

for bad in 0 x -1 1000; do
	fails "--scale=$bad" 2 "--scale needs a number from 1 to 999" \
		"$IORIOT" -r work.replay --root "$place" "--scale=$bad"
done
for command in "-T" "-P" "-d" "-c x.capture" "-c x.capture -r y.replay"; do
	# shellcheck disable=SC2086
	fails "--scale with $command" 2 "--scale means nothing to this command" "$IORIOT" $command --scale=2
done
name=$(printf 'n%.0s' {1..57})
sed "s/|name=t1|/|name=$name|/; s,/t1\([|/]\),/$name\1,g" work.replay > long.replay
for command in -i -r; do
	fails "a long name, $command" 1 "--scale: the name of the test, $name, is longer than the 56 bytes" \
		"$IORIOT" "$command" long.replay --root "$place" --scale=2
done
awk 'BEGIN { for (i = 0; i < 1100; i++) printf "%d+9|%d|%d|-|@TREE@|04|0|access\n", i, i, i }' | replay_file threads.replay
fails "too many threads" 1 "--scale=999: 1100 threads in each copy are more than the 1048576 that can be; -t" \
	"$IORIOT" -r threads.replay --root "$place" --scale=999 -p 11 -t 100
done_testing
