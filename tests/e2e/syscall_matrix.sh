#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The end-to-end procedure of AGENTS.md: as root with /home being a mount point of its own, and as
# an ordinary user with --root; and recorded by BPF programs.
# shellcheck source=../lib.sh
. "$TESTS/lib.sh"
# shellcheck source=../bpf_lib.sh
. "$TESTS/bpf_lib.sh"

matrix() { # WHAT COMMAND...
	local what=$1
	shift
	# through a pipe: the recorded program must not write to a file of somebody else
	"$@" 2>&1 | cat > matrix.log
	sed -E "s/^(ok|not ok) /\1 $what: /" matrix.log
	grep -q '^PASS$' matrix.log || not_ok "$what: verdict" "not PASS"
}

bin=$(dirname "$IORIOT")
if ! is_root; then
	skip "as root" "run by an ordinary user"
elif ! unshare -m true 2>/dev/null; then
	skip "as root" "no mount namespace may be made here"
else
	matrix "as root" "$SOURCE/scripts/syscall_matrix.sh" --private "$bin"
fi
why=$(bpf_lacks)
if [ -n "$why" ]; then
	skip "with BPF" "$why"
else
	mkdir bpf bpf_home
	matrix "with BPF" env TMPDIR="$TEST_TMP/bpf" "$SOURCE/scripts/syscall_matrix.sh" --backend=bpf \
		--root "$TEST_TMP/bpf/root" --home "$TEST_TMP/bpf_home" "$bin"
fi
mkdir user home
is_root && chown 65534 user home
matrix "as a user" as_user env TMPDIR="$TEST_TMP/user" "$SOURCE/scripts/syscall_matrix.sh" \
	--root "$TEST_TMP/user/root" --home "$TEST_TMP/home" "$bin"
done_testing
