# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Sourced by jobs in the guest, as /usr/lib/ioriot/job_lib.sh: verdicts, as in tests/lib.sh.
set -u
umask 022
lib=/usr/lib/ioriot

ok() { echo "ok $1"; }
not_ok() { # NAME DETAIL
	echo "not ok $1: ${2-}"
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

# replays NAME CAPTURE DIRECTORY [LAYOUT...]: a replay of it where replays go by default, below the
# mount point of DIRECTORY: built and run once for each "PROCESSES THREADS". Nothing may diverge, and
# DIRECTORY must be what it was when the capture ended.
replays() {
	local name=$1 capture=$2 directory=$3 place tree layout
	shift 3
	place=$(findmnt -n -o TARGET -T "$directory")
	tree=${place%/}/.ioriot/$name
	check "$name: generate" ioriot -c "$capture" -r "/tmp/$name.replay" -n "$name" || return
	for layout in "${@:-1 1}"; do
		check "$name: init, $layout" ioriot -i "/tmp/$name.replay" || return
		check "$name: replay without divergence, $layout" \
			ioriot -r "/tmp/$name.replay" -D -p "${layout% *}" -t "${layout#* }"
		check "$name: equal trees, $layout" $lib/treecmp.py --holes --prefix-a "${place%/}" \
			--prefix-b "$tree" "$directory" "$tree${directory#"${place%/}"}"
	done
	check "$name: purge" ioriot -P -n "$name"
}
