#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What ends a replay, or keeps it from beginning: each with its sentence and exit status.
# shellcheck source=../replay_lib.sh
. "$TESTS/replay_lib.sh"

replay_file good.replay <<'E1'
0+9|0|0|-|@TREE@/a|04|0|access
INIT
file|0644|0|0|10|0+10|@TREE@/a|
E1
fails "no tree" 1 "there is no tree .*; ioriot -i good.replay builds it" \
	"$IORIOT" -r good.replay --root "$place" -D
replays "first replay" 0 good.replay
status_is "second replay" 0 "$IORIOT" -r good.replay --root "$place" -D
says "second replay: warned" "warning: an earlier replay used this tree"
sed 's/id=abc1/id=abc2/' good.replay > other.replay
fails "another replay's tree" 1 "was built for another replay" \
	"$IORIOT" -r other.replay --root "$place" -D
fails "no such file" 1 "none.replay: No such file" "$IORIOT" -r none.replay --root "$place" -D
fails "unknown user" 1 "no user" "$IORIOT" -r good.replay --root "$place" -D -u no-such-user
fails "unwritable statistics" 1 "/none/" "$IORIOT" -r good.replay --root "$place" -D -S /none/stats
if is_root; then
	fails "an unknown root directory" 1 "none" "$IORIOT" -r good.replay --root "$place/none" -D
	init good.replay
	mkdir -m 700 closed
	mv "$place" closed/place
	fails "a tree that the user cannot reach" 1 "cannot reach" \
		"$IORIOT" -r good.replay --root closed/place -D
	mv closed/place "$place"
	init good.replay
	status_is "as root" 0 "$IORIOT" -r good.replay --root "$place" -D -u root
	says "as root: warned" "warning: the replay runs as root"
	# a user with a low hard limit cannot have that many files open
	awk 'BEGIN { for (i = 0; i < 3000; i++) printf "0+9|0|0|-|@TREE@|O_RDONLY|0|>%d|3|open\n", i }' |
		replay_file many.replay
	chmod 777 "$place"
	rm -rf "$place/.ioriot"
	as_user "$IORIOT" -i many.replay --root "$place" --quiet
	fails "too many open files" 4 "up to 3[0-9]* files open at once.*may have 1000" \
		setpriv --reuid=65534 --regid=65534 --clear-groups -- \
		bash -c 'ulimit -n 1000; exec "$@"' - "$IORIOT" -r many.replay --root "$place" -D
	status_is "as an ordinary user" 0 as_user "$IORIOT" -r many.replay --root "$place"
	says "as an ordinary user: caches" "caches stay as they are"
	fails "an ordinary user for another" 1 "." as_user "$IORIOT" -r many.replay --root "$place" -u root
	rm -rf "$place/.ioriot"
	chmod 755 "$place"
else
	skip "users and limits" "only root can choose"
fi

# A container's only program is process 1, and so are those whose parents have ended the children of 1.
if is_root && unshare --pid --fork true 2>/dev/null; then
	init good.replay
	status_is "as process 1" 0 unshare --pid --fork -- "$IORIOT" -r good.replay --root "$place" -D
else
	skip "as process 1" "a namespace of processes cannot be made here"
fi

# A worker that is stuck: opening a FIFO without a writer.
replay_file stuck.replay <<'E1'
0+9|0|0|-|@TREE@/a|04|0|access
1+9|0|0|-|@TREE@/fifo|O_RDONLY|0|>0|3|open@77
2+9|1|1|77|@TREE@/a|04|0|access
INIT
file|0644|0|0|10|0+10|@TREE@/a|
fifo|0644|0|0|@TREE@/fifo|
E1

# start NAME [OPTIONS]: stuck.replay in the background, up to where it hangs.
start() {
	init stuck.replay
	"$IORIOT" -r stuck.replay --root "$place" -D -p 2 "$@" > out 2>&1 &
	replay=$!
	for _ in $(seq 600); do
		workers=$(cat "/proc/$replay/task/$replay/children")
		[ "$(wc -w <<<"$workers")" -eq 2 ] &&
			grep -q wait_for_partner /proc/"${workers%% *}"/task/*/wchan 2>/dev/null &&
			return
		sleep 0.1
	done
	not_ok "it gets stuck" "$(cat out)"
}

ended() { # NAME STATUS REGEX
	local status
	wait "$replay"
	status=$?
	# shellcheck disable=SC2034 # says() looks at it
	output=$(cat out)
	equal "$1: exit status" "$status" "$2"
	says "$1: sentence" "$3"
}

start
kill -KILL "${workers%% *}"
ended "a worker is killed" 1 "^ioriot: worker 0 was ended by signal 9"
start -S interrupted.txt
kill -TERM "$replay"
ended "the replay is interrupted" 1 "^ioriot: the replay was interrupted by Terminated"
says "the replay is interrupted: summary" "INCOMPLETE"
check "the replay is interrupted: statistics" grep -q "INCOMPLETE: the replay was interrupted" interrupted.txt
check "the replay is interrupted: operations so far" grep -q "Performed ioops: 1$" interrupted.txt
absent "the replay is interrupted: its workers ended" "/proc/${workers%% *}/exe" \
	"/proc/${workers##* }/exe"
start
ended "nothing moves" 1 "no operation has ended for 60 s: thread . is at open .line 3 of stuck.replay, label 77."
done_testing
