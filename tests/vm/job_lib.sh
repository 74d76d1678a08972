# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Sourced by jobs in the guest, as /usr/lib/ioriot/job_lib.sh: verdicts, as in tests/lib.sh.
set -u
umask 022
lib=/usr/lib/ioriot

ok() { echo "ok $1"; }
not_ok() { # NAME DETAIL, of which tests/run reads one line
	local detail=${2-}
	((${#detail} <= 4000)) || detail="${detail:0:2000} [...] ${detail: -2000}"
	echo "not ok $1: ${detail//$'\n'/ | }"
	return 1
}

# check NAME COMMAND...: ok when the command succeeds; its output is the detail when not.
check() {
	local name=$1 output status
	shift
	output=$("$@" 2>&1)
	status=$?
	if [ $status -eq 0 ]; then
		ok "$name"
	else
		not_ok "$name" "status $status of: $* -> ${output:0:2000}"
	fi
}

equal() { # NAME GOT WANTED
	if [ "$2" = "$3" ]; then
		ok "$1"
	else
		not_ok "$1" "\"$2\", not \"$3\""
	fi
}

as() { # USER COMMAND...
	local user=$1
	shift
	setpriv --reuid="$user" --regid="$user" --init-groups -- env HOME="/home/$user" "$@"
}

# replays NAME CAPTURE "DIRECTORY..." [LAYOUT...]: a replay of it where replays go by default, below the
# mount points of what was used: built and run once for each "PROCESSES THREADS". Nothing may diverge,
# and each DIRECTORY must be what it was when the capture ended. If set, $replay_user makes the replay,
# and $replay_root is where all of it is instead.
replay_user='' replay_root=''
replays() {
	local name=$1 capture=$2 directories=$3 layout directory
	shift 3
	check "$name: generate" ioriot -c "$capture" -r "/tmp/$name.replay" -n "$name" \
		${replay_user:+-u "$replay_user"} ${replay_root:+--root "$replay_root"} || return
	for layout in "${@:-1 1}"; do
		check "$name: init, $layout" ioriot -i "/tmp/$name.replay" || return
		check "$name: replay without divergence, $layout" \
			ioriot -r "/tmp/$name.replay" -D -p "${layout% *}" -t "${layout#* }"
		for directory in $directories; do
			same_tree "$name" "$directory" "$layout"
		done
	done
	check "$name: purge" ioriot -P -n "$name" ${replay_root:+--root "$replay_root"}
}

same_tree() { # NAME DIRECTORY LAYOUT
	local place=''
	if [ -z "$replay_root" ]; then
		place=$(findmnt -n -o TARGET -T "$2")
		place=${place%/}
	fi
	set -- "$@" "${replay_root:-$place}/.ioriot/$1"
	check "$1: equal trees, $3, $2" $lib/treecmp.py --holes --prefix-a "$place" \
		--prefix-b "$4" "$2" "$4${2#"$place"}"
}

exec {never}<> <(:)

# holds FILE TEXT: without a process of its own. False when there is no such file.
holds() {
	local text=''
	IFS= read -rd '' text < "$1"
	[[ $text == *"$2"* ]]
}

# await COMMAND...: until it succeeds, for a minute.
await() {
	local i
	for ((i = 0; i < 1200; i++)); do
		"$@" > /dev/null 2>&1 && return
		read -rt 0.05 -u "$never" # a program that sleeps would take more time than it sleeps
	done
	return 1
}

# begin NAME OPTIONS...: a capture in the background, /tmp/NAME.capture, that records when this returns.
# What it says is in /tmp/NAME.log, its process in $capture. To make a large buffer takes seconds here.
capture=
begin() {
	local name=$1
	shift
	rm -f "/tmp/$name.log" # of an earlier one of that name, which was ready
	[[ " $* " == *" --buffer"* ]] || set -- --buffer=8 "$@"
	set -m # else it would begin with SIGINT ignored
	ioriot -c "/tmp/$name.capture" "$@" 2> "/tmp/$name.log" &
	capture=$!
	set +m
	await ready_or_gone "$capture" "/tmp/$name.log"
	if holds "/tmp/$name.log" ', recording'; then
		ok "$name: ready"
	else
		not_ok "$name: ready" "$(cat "/tmp/$name.log")"
	fi
}

ready_or_gone() { # PROCESS LOG
	holds "$2" ', recording' || ! kill -0 "$1"
}

# ended NAME [STATUS]: that capture ends, by itself or because it was told to; it is sound and goes to /out.
ended() {
	local name=$1 status
	wait "$capture"
	status=$?
	if [ $status -eq "${2:-0}" ]; then
		ok "$name: capture ended"
	else
		not_ok "$name: capture ended" "status $status: $(cat "/tmp/$name.log")"
	fi
	check "$name: the closing line" grep -q ';:,o=end;:,' "/tmp/$name.capture"
	cp "/tmp/$name.capture" "/tmp/$name.log" /out
}

# end NAME [STATUS]: as Ctrl-C does.
end() {
	kill -INT "$capture"
	ended "$@"
}
