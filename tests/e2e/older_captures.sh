#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Captures of versions 3 and 4, as the original tool wrote them: tests/corpus. For each NAME.capture
# stands beside it what generate must say (NAME.said) and the replay that it must write (NAME.replay).
# shellcheck source=../lib.sh
. "$TESTS/lib.sh"

corpus=$TESTS/corpus
mkdir place
is_root && chown 65534 place

# The replay without what changes from run to run.
plain() { # REPLAY NAME
	sed "s|$TEST_TMP/place/.ioriot/$2||g; s/|id=[0-9a-f]*|/|/" "$1.replay"
}

for capture in "$corpus"/v[34]/*.capture; do
	name=$(basename "$(dirname "$capture")")-$(basename "$capture" .capture)
	[ -f "${capture%.capture}.replay" ] || not_ok "$name" "nothing says what it must become"
	wanted=0
	grep -q malformed "${capture%.capture}.said" && wanted=3
	output=$("$IORIOT" -c "$capture" -r "$name.replay" -n "$name" --root place 2>&1)
	equal "$name: status of generate" $? $wanted
	equal "$name: what generate says" "${output//$corpus\//}" "$(cat "${capture%.capture}.said")"
	plain "$name" "$name" >plain.txt
	check "$name: the replay" diff "${capture%.capture}.replay" plain.txt

	zstd -q "$capture" -o "$name.zst"
	"$IORIOT" --quiet -c "$name.zst" -r "$name-zst.replay" -n "$name" --root place >zst.said 2>&1
	equal "$name: compressed, status" $? $wanted
	plain "$name-zst" "$name" | check "$name: compressed, the same" diff plain.txt -

	# both versions have one grammar
	sed '1s/=3|/=x|/; 1s/=4|/=3|/; 1s/=x|/=4|/' "$capture" >other.capture
	"$IORIOT" --quiet -c other.capture -r other.replay -n "$name" --root place
	plain other "$name" | check "$name: as the other version, the same" diff plain.txt -

	status_is "$name: init" 0 "$IORIOT" -i "$name.replay" --root place
	status_is "$name: replay" 0 "$IORIOT" -r "$name.replay" --root place -D -p 2 -t 4
	says "$name: no divergence" "^0 divergences"
done

# Every call of the original's table, and every name that it had for it, is in the corpus.
lacks=
for op in open openat creat close fsync fdatasync syncfs read readv write writev lseek llseek \
	readahead readdir getdents readlink readlinkat mkdir rmdir unlink mkdirat unlinkat rename \
	renameat renameat2 stat lstat statfs statfs64 fstat fstatfs fstatfs64 fstatat chmod fchmodat \
	fchmod chown chown16 lchown lchown16 fchown fchown16 fchownat fcntl sync exit_group \
	sync_file_range mmap2 mremap munmap msync; do
	grep -q ";:,o=$op;:," "$corpus/v4/calls.capture" || lacks="$lacks $op"
done
equal "every call of the original tool is in the corpus" "$lacks" ""

# Each damaged line alone: one sentence that names the place.
damaged=$corpus/v4/damaged.capture
while IFS=: read -r line sentence; do
	{ sed -n 1p "$damaged"; sed -n "${line}p" "$damaged"; } >one.capture
	status_is "damaged line $line" 3 "$IORIOT" -c one.capture -r one.replay --root place
	equal "damaged line $line: sentence" "$(grep -o 'one.capture:2: .*' <<<"$output")" \
		"one.capture:2: $sentence"
done <"$corpus/v4/damaged.lines"

# A file that ends anywhere is used up to there.
size=$(stat -c %s "$corpus/v3/build.capture")
wrong=
for at in $(seq 25 211 "$size"); do
	head -c "$at" "$corpus/v3/build.capture" >cut.capture
	"$IORIOT" --quiet -c cut.capture -r cut.replay --root place >cut.said 2>&1
	status=$?
	[ "$(tail -c 1 cut.capture)" = "" ] && wanted=0 || wanted=3
	[ "$status" = "$wanted" ] && [ "$(grep -c '@' cut.replay)" -le "$(wc -l <cut.capture)" ] ||
		wrong="$wrong $at:$status"
done
equal "cut at any place" "$wrong" ""

# ---- what is no capture of a version that is known ----

header() { # FIRST-LINE
	{ echo "$1"; sed 1d "$corpus/v3/build.capture"; } >header.capture
}
for version in 0 1 2 6 99 -3 3.1 03x "" 18446744073709551619; do
	header "#|capture_version=$version|"
	fails "version '$version'" 1 "header.capture is a capture of version $version; versions 3 to 5" \
		"$IORIOT" -c header.capture -r header.replay --root place
done
sed 1d "$corpus/v3/build.capture" >header.capture
fails "no header" 1 "header.capture is not a capture" "$IORIOT" -c header.capture -r header.replay
header "#|version=3|"
fails "a header without a version" 1 "is not a capture" "$IORIOT" -c header.capture -r header.replay
header "#|replay_version=3|init_offset=1|user=x|"
fails "the original's replay" 1 "is a replay, not a capture" "$IORIOT" -c header.capture -r header.replay
absent "nothing was written for them" header.replay
"$IORIOT" --quiet -c "$corpus/v3/build.capture" -r mine.replay --root place
sed '1s/replay_version=4/replay_version=3/' mine.replay >original.replay
fails "the original's replay, init" 1 "replay of version 3; only version 4" "$IORIOT" -i original.replay
done_testing
