# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Sourced by the tests that run in a virtual machine. See run_guest for what the machine is.
# shellcheck source=../lib.sh
. "$TESTS/lib.sh"

# guest NAME [TIME_LIMIT [OPTION...]]: runs jobs/NAME.sh in a machine; /job there is also what the test has put into
# its directory NAME. The verdicts of the job become ours; $out is what it left. Ends the test when there
# is no machine.
out=
guest() {
	local name=$1 limit=${2:-800} reason status
	out=$TEST_TMP/$name.out
	mkdir -p "$TEST_TMP/$name"
	cp "$TESTS/vm/jobs/$name.sh" "$TEST_TMP/$name/job.sh"
	reason=$("$TESTS/vm/run_guest" --time-limit "$limit" "${@:3}" "$TEST_TMP/$name" "$out")
	status=$?
	if [ $status -eq 77 ]; then
		skip "$name" "$reason"
		done_testing
	elif [ $status -ne 0 ]; then
		not_ok "$name: the machine" "see above"
		cat "$out/job.live" 2>/dev/null
		done_testing
	fi
	cat "$out/job.log"
	if grep -q '^not ok ' "$out/job.log"; then
		failed=1
	fi
	equal "$name: the job came to its end" "$(cat "$out/job.rc")" 0
	equal "$name: no complaint of the kernel" \
		"$(grep -E 'BUG:|Oops|Call Trace|WARNING: CPU|general protection' "$out/dmesg")" ""
}
