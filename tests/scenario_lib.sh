# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Sourced by the scenarios: records a real program, replays it and compares what both left behind.
# shellcheck source=lib.sh
. "$TESTS/lib.sh"

# scenario NAME COMPARE COMMAND...
# Runs the function setup in a fresh directory, records COMMAND there, makes a replay of it, and
# for each worker layout builds the tree and replays it: no divergence is allowed, and the
# directories COMPARE (a list) must be what the program left. $run is put before every command:
# empty, or what makes another user of it. $rewrite, when set, is a command that makes another
# capture (its second argument) of the one that was recorded (its first). $capture_options are those of
# the recording.
run=()
capture_options=()
: "${rewrite=}"
scenario() {
	local name=$1 compare=$2 base work layout
	shift 2
	base=$TEST_TMP/$name
	work=$base/work
	mkdir -p "$work" "$base/root" "$base/tmp"
	if [ ${#run[@]} -gt 0 ]; then
		chown -R 65534:65534 "$base"
	fi
	if ! scenario_at_home "$base" bash -eu -c "$(declare -f setup); setup"; then
		not_ok "$name: setup" "see above"
		return
	fi
	# through a pipe: a log file of somebody else is nothing that its user could open again
	scenario_at_home "$base" "$IORIOT" -c "$base/run.capture" "${capture_options[@]}" -- "$@" 2>&1 | cat
	if [ "${PIPESTATUS[0]}" -ne 0 ]; then
		not_ok "$name: recorded" "the program or its capture failed"
		return
	fi
	ok "$name: recorded"
	if [ -n "$rewrite" ]; then
		mv "$base/run.capture" "$base/recorded.capture"
		"$rewrite" "$base/recorded.capture" "$base/run.capture" || return
	fi
	status_is "$name: generated" 0 "${run[@]}" "$IORIOT" -c "$base/run.capture" \
		-r "$base/run.replay" -n "$name" --root "$base/root" || return
	echo "$output"
	if grep -Eq 'made by others|contradict' <<<"$output"; then
		not_ok "$name: explained by its own calls" "$output"
	fi
	for layout in "1 1" "2 8" "4 16"; do
		scenario_replay "$name" "$compare" "$base" "$layout"
	done
}

# In the work directory, with a home and temporary files beside it, so that trees can be compared.
scenario_at_home() { # BASE COMMAND...
	local base=$1
	shift
	(cd "$base/work" &&
		exec "${run[@]}" env HOME="$base/tmp" TMPDIR="$base/tmp" "$@") </dev/null
}

scenario_replay() { # NAME COMPARE BASE "PROCESSES THREADS"
	local name=$1 compare=$2 base=$3 layout=$4 part
	local tree=$base/root/.ioriot/$name
	status_is "$name: initialised for $layout" 0 "${run[@]}" "$IORIOT" -i "$base/run.replay" \
		--root "$base/root" || return
	echo "$output"
	status_is "$name: replayed without divergence, $layout" 0 "${run[@]}" "$IORIOT" \
		-r "$base/run.replay" --root "$base/root" -p "${layout% *}" -t "${layout#* }" -D
	echo "$output"
	for part in $compare; do
		check "$name: same tree, $layout, $part" "$TESTS/treecmp.py" --holes --attributes \
			--prefix-b "$tree" "$base/work/$part" "$tree$base/work/$part"
	done
}

# The same once more as an ordinary user, where the caller is not one already.
scenario_as_user() {
	if ! is_root; then
		skip "$1 as an ordinary user" "the caller is one, so the first run was it"
		return
	fi
	run=(setpriv --reuid=65534 --regid=65534 --clear-groups --)
	scenario "$@"
	run=()
}
