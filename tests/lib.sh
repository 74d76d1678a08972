# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Sourced by the test scripts: verdicts, and the commands of ioriot with their exit status.
# The runner (tests/run) gives IORIOT, TEST_TMP, TESTS and SOURCE.
set -u
umask 022
# Programs of the system, not of whoever runs the tests.
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
cd "$TEST_TMP" || exit 1

failed=0
ok() { echo "ok $1"; }
not_ok() { # NAME DETAIL, of which tests/run reads one line
	local detail=${2-}
	((${#detail} <= 4000)) || detail="${detail:0:2000} [...] ${detail: -2000}"
	echo "not ok $1: ${detail//$'\n'/ | }"
	failed=1
	return 1
}
skip() { echo "skip $1: $2"; } # NAME REASON

# check NAME COMMAND...: ok when the command succeeds; its output is the detail when not.
check() {
	local name=$1 output
	shift
	if output=$("$@" 2>&1); then
		ok "$name"
	else
		not_ok "$name" "status $? of: $* -> ${output:0:2000}"
	fi
}

# status_is NAME STATUS COMMAND...: the command's exit status; output stays in $output.
output=
status_is() {
	local name=$1 want=$2 got
	shift 2
	output=$("$@" 2>&1 </dev/null)
	got=$?
	if [ "$got" -eq "$want" ]; then
		ok "$name"
	else
		not_ok "$name" "status $got, not $want, of: $* -> ${output:0:2000}"
	fi
}

# says NAME REGEX: $output of the last status_is matches.
says() {
	if grep -Eq -- "$2" <<<"$output"; then
		ok "$1"
	else
		not_ok "$1" "no \"$2\" in: ${output:0:2000}"
	fi
}

# fails NAME STATUS REGEX COMMAND...: exits so and says so, in a line of its own.
fails() {
	local name=$1 status=$2 regex=$3
	shift 3
	status_is "$name" "$status" "$@" && says "$name: sentence" "^ioriot: .*$regex"
}

absent() { # NAME FILES...
	local name=$1 file
	shift
	for file; do
		if [ -e "$file" ] || [ -L "$file" ]; then
			not_ok "$name" "$file is there"
			return
		fi
	done
	ok "$name"
}

equal() { # NAME GOT WANTED
	if [ "$2" = "$3" ]; then
		ok "$1"
	else
		not_ok "$1" "\"$2\", not \"$3\""
	fi
}

# build DIRECTORY FLAGS TARGETS...: with other flags, beside the ordinary build. Several tests have the same one.
build() {
	local directory=$1 flags=$2 targets=() target log
	shift 2
	for target; do
		targets+=("$directory/$target")
	done
	if ! log=$(flock "$SOURCE" make -s -j2 -C "$SOURCE" BUILD="$directory" CFLAGS='-O1 -g1' \
		EXTRA_CFLAGS="$flags" "${targets[@]}" 2>&1); then
		not_ok "build with $flags" "$log"
		done_testing
	fi
	ok "build with $flags"
}

# nested NAME DIRECTORY WHAT...: the runner once more, on that build; one verdict per failure.
prefix=()
nested() {
	local name=$1 directory=$SOURCE/$2 log status
	shift 2
	log=$("${prefix[@]}" "$TESTS/run" --jobs "$TEST_JOBS" --ioriot "$directory/ioriot" \
		--unit "$directory/unit" "$@" 2>&1)
	status=$?
	printf '  %s\n' "${log//$'\n'/$'\n'  }"
	if [ $status -eq 0 ]; then
		ok "$name: $(tail -n 1 <<<"$log")"
	else
		not_ok "$name" "$(tail -n 1 <<<"$log")$(grep -A 3 '^FAIL' <<<"$log" | cut -c1-300)"
	fi
}

# unit_tests DIRECTORY SUITE...: those of that build, each suite in one process: with a sanitizer a process for each
# test takes longer than the test. Only the named suites, which change limits or state of their process, have them.
unit_tests() {
	local directory=$SOURCE/$1 forked=" ${*:2} " suite fork log
	while read -r suite; do
		fork=no
		[[ $forked == *" $suite "* ]] && fork=yes
		if log=$(TMPDIR=$PWD CK_FORK=$fork "${prefix[@]}" timeout -k 10 600 "$directory/unit" "$suite" 2>&1); then
			ok "unit tests, $suite: $(grep -oP '^100%: \KChecks: \d+' <<<"$log")"
		else
			not_ok "unit tests, $suite" "status $?, $(tail -c 3000 <<<"$log")"
		fi
	done < <(grep -oP '^SUITE\(\K\w+' "$directory/suites.def")
}

# True when this host does not let us have an io_uring; says why.
uring_is_refused() {
	cat > uring_probe.c <<-'E1'
		#include <liburing.h>
		#include <stdio.h>
		#include <string.h>
		int main(void)
		{
			struct io_uring ring;
			int rc = io_uring_queue_init(1, &ring, 0);

			if (rc)
				puts(strerror(-rc));
			return rc == 0;
		}
	E1
	cc -o uring_probe uring_probe.c -luring && ./uring_probe
}

is_root() { [ "$(id -u)" -eq 0 ]; }

# own_mounts WHAT WHY_ROOT: the test goes on in a mount namespace that ends with it; else WHAT is skipped.
own_mounts() {
	if ! is_root; then
		skip "$1" "$2"
		exit 0
	elif [ -z "${IN_NAMESPACE-}" ]; then
		if ! unshare -m true 2>/dev/null; then
			skip "$1" "no mount namespace may be made here"
			exit 0
		fi
		exec env IN_NAMESPACE=1 unshare -m --propagation private "$0"
	fi
}

# The command as an ordinary user: as who runs this, or as nobody when that is root.
as_user() {
	if is_root; then
		setpriv --reuid=65534 --regid=65534 --clear-groups -- "$@"
	else
		"$@"
	fi
}

done_testing() { exit "$failed"; }
