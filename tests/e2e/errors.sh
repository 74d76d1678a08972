#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Every error that a user meets: a sentence that names what is wrong, and the exit status of
# ioriot(1). Nothing that was there before is harmed.
# shellcheck source=../lib.sh
. "$TESTS/lib.sh"

root=$TEST_TMP/root
mkdir "$root" work
is_root && chown 65534 "$root"

# One good capture and replay to damage.
(cd work && "$IORIOT" --quiet -c ../good.capture -- sh -c 'echo one > a; cat a; mkdir d; mv a d/b; ls d') > /dev/null
"$IORIOT" --quiet -c good.capture -r good.replay -n errors --root "$root" ||
	not_ok "a good replay" "status $?"

# --- files that are not what they should be
fails "capture missing" 1 "no-such.capture.*No such file" "$IORIOT" -c no-such.capture -r x.replay
fails "capture is a directory" 1 "work" "$IORIOT" -c work -r x.replay
echo "hello" > text
fails "not a capture" 1 "text.*not a capture" "$IORIOT" -c text -r x.replay
: > empty
fails "empty file as capture" 1 "empty" "$IORIOT" -c empty -r x.replay
sed '1s/capture_version=5/capture_version=99/' good.capture > version.capture
fails "capture of an unknown version" 1 "version.* 99" "$IORIOT" -c version.capture -r x.replay
fails "a replay in place of a capture" 1 "not a capture" "$IORIOT" -c good.replay -r x.replay
fails "replay missing" 1 "no-such.replay.*No such file" "$IORIOT" -i no-such.replay
fails "replay missing, -r" 1 "no-such.replay.*No such file" "$IORIOT" -r no-such.replay
fails "replay missing, -R" 1 "no-such.replay.*No such file" "$IORIOT" -R no-such.replay
fails "not a replay" 1 "text.*not a replay" "$IORIOT" -i text
fails "not a replay, -r" 1 "text.*not a replay" "$IORIOT" -r text
sed '1s/replay_version=4/replay_version=3/' good.replay > version.replay
fails "replay of another version" 1 "version.* 3" "$IORIOT" -i version.replay
fails "a capture in place of a replay" 1 "not a replay" "$IORIOT" -i good.capture
absent "no output was left by what failed" x.replay*

# --- files cut short
size=$(stat -c %s good.capture)
wrong=
for at in $(seq 400 $((size / 25)) "$size"); do
	head -c "$at" good.capture > cut.capture
	"$IORIOT" -c cut.capture -r cut.replay -n cut --root "$root" > cut.log 2>&1
	status=$?
	[ $status -eq 3 ] || wrong="$wrong $at:$status"
	grep -q "cut short" cut.log || wrong="$wrong $at:silent"
done
equal "a capture cut anywhere gives what it has, said so, status 3" "$wrong" ""
"$IORIOT" --quiet -c whole.capture.zst -- find /usr/share/doc -maxdepth 2 > /dev/null
head -c $(($(stat -c %s whole.capture.zst) / 2)) whole.capture.zst > cut.capture.zst
status_is "a compressed capture cut short" 3 "$IORIOT" -c cut.capture.zst -r cut.replay -n cut \
	--root "$root"
says "a compressed capture cut short: sentence" "cut short"
size=$(stat -c %s good.replay)
wrong=
for at in $(seq 1 $((size / 25)) $((size - 6))); do
	head -c "$at" good.replay > cut.replay
	for step in -i -r; do
		"$IORIOT" "$step" cut.replay --root "$root" > cut.log 2>&1
		status=$?
		[ $status -eq 1 ] && grep -q "^ioriot: " cut.log || wrong="$wrong $at:$step:$status"
	done
done
equal "a replay cut anywhere is refused" "$wrong" ""

# --- programs and processes
fails "program not found" 127 "no-such-program" "$IORIOT" -c x.capture -- no-such-program
fails "program not executable" 126 "text" "$IORIOT" -c x.capture -- ./text
absent "no capture of a program that did not start" x.capture*
status_is "the program's own status" 7 "$IORIOT" --quiet -c x.capture -- sh -c 'exit 7'
status_is "a program ended by a signal" 143 "$IORIOT" --quiet -c x.capture -- sh -c 'kill -TERM $$'
fails "a process that is not there" 1 "-x 2147483647: there is no such process" \
	"$IORIOT" -c y.capture -x 2147483647
# Whatever this host lacks first: modules, rights, staprun, or this module.
lacks="cannot load modules|modules_disabled|needs root|CAP_SYS_MODULE|staprun|no SystemTap module"
fails "the whole system, without the module" 4 "$lacks" "$IORIOT" -c y.capture -m no-such-module
fails "a process, without the module" 4 "$lacks" "$IORIOT" -c y.capture -x $$ -m no-such-module
fails "a program, without the module" 4 "$lacks" \
	"$IORIOT" -c y.capture --backend=stap -m no-such-module -- true
absent "no capture where nothing can be recorded" y.capture*
fails "a back end that needs a program" 2 "ptrace backend records programs that it starts" \
	"$IORIOT" -c y.capture --backend=ptrace -x $$
mkdir -m 777 user
fails "back end that is not for all" 4 "BPF|type information" as_user "$IORIOT" -c user/x.capture --backend=bpf -- true
absent "no capture of that back end" user/x.capture

# --- users and permissions
fails "unknown user, init" 1 "no user 'nobody-of-that-name'" "$IORIOT" -i good.replay \
	-u nobody-of-that-name --root "$root"
fails "--root missing" 1 "--root .*no-such" "$IORIOT" -i good.replay --root "$TEST_TMP/no-such"
fails "--root is a file" 1 "--root .*text" "$IORIOT" -i good.replay --root "$TEST_TMP/text"
mkdir -m 755 closed
cp good.capture good.replay closed
chmod 600 closed/*
if is_root; then
	fails "capture into a directory of others" 1 "Permission denied" \
		as_user "$IORIOT" -c closed/x.capture -- true
	fails "capture that may not be read" 1 "Permission denied" \
		as_user "$IORIOT" -c closed/good.capture -r /dev/null
	fails "replay that may not be read" 1 "Permission denied" as_user "$IORIOT" -i closed/good.replay
	fails "tree where the user may not write" 1 "Permission denied|--root" \
		as_user "$IORIOT" -i good.replay --root "$TEST_TMP/closed"
	fails "another user without being root" 1 "only root" \
		as_user "$IORIOT" -i good.replay -u root --root "$root"
else
	skip "files of other users" "needs root to make them"
fi
status_is "caches, ordinary user" 4 as_user "$IORIOT" -d
says "caches, ordinary user: sentence" "^ioriot: "

# --- trees
fails "replay without a tree" 1 "-i" "$IORIOT" -r good.replay --root "$root" -D
mkdir -p "$root/.ioriot/errors/mine"
echo precious > "$root/.ioriot/errors/mine/file"
fails "a directory that ioriot did not make, init" 1 "errors" "$IORIOT" -i good.replay --root "$root"
fails "a directory that ioriot did not make, replay" 1 "errors" \
	"$IORIOT" -r good.replay --root "$root" -D
"$IORIOT" -P -n errors --root "$root" > purge.log 2>&1
equal "a directory that ioriot did not make is untouched" \
	"$(cat "$root/.ioriot/errors/mine/file")" precious
rm -r "$root/.ioriot/errors"
deep=$TEST_TMP/$(printf 'deep%.0s' {1..50})
while [ ${#deep} -lt 3950 ]; do
	deep=$deep/$(printf 'x%.0s' {1..100})
done
mkdir -p "$deep" && is_root && chown 65534 "$deep"
long=$TEST_TMP/work/$(printf 'y%.0s' {1..200})
mkdir "$long"
(cd "$long" && "$IORIOT" --quiet -c "$TEST_TMP/long.capture" -- sh -c 'echo > file')
"$IORIOT" --quiet -c long.capture -r long.replay -n long --root "$root"
fails "path too long" 1 "too long" "$IORIOT" -i long.replay --root "$deep"

# --- limits of the host
status_is "the same tree, built" 0 "$IORIOT" -i good.replay --root "$root"
fails "statistics to a full device" 1 "/dev/full.*No space left" \
	"$IORIOT" -r good.replay --root "$root" -D -S /dev/full
fails "statistics to a missing directory" 1 "No such file" \
	"$IORIOT" -r good.replay --root "$root" -D -S missing/stats
fails "capture to a full device" 1 "/dev/full.*No space left" \
	"$IORIOT" -c /dev/full -- sh -c 'true'
fails "replay to a full device" 1 "/dev/full.*No space left" \
	"$IORIOT" -c good.capture -r /dev/full -n full --root "$root"

# 60 files open at once do not fit into 40 descriptors.
(cd work && "$IORIOT" --quiet -c ../many.capture -- bash -c \
	'for n in {1..60}; do exec {fd}>many$n; done')
"$IORIOT" --quiet -c many.capture -r many.replay -n many --root "$root" &&
	"$IORIOT" --quiet -i many.replay --root "$root"
status_is "too many open files" 4 bash -c 'ulimit -n 40; exec "$@"' - \
	"$IORIOT" -r many.replay --root "$root" -D -p 1 -t 1
says "too many open files: sentence" "^ioriot: .*files open at once.*ulimit"
done_testing
