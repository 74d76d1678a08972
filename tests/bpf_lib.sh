# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Sourced by tests of the BPF backend, behind lib.sh.

# Why this host or build cannot record with BPF; nothing when it must be able to.
bpf_lacks() {
	local said
	if ! is_root; then
		echo "needs root"
	elif [ ! -e /sys/kernel/btf/vmlinux ]; then
		echo "this kernel has no type information"
	elif said=$("$IORIOT" --check 2>&1) && grep -q 'not part of this build' <<<"$said"; then
		echo "this build has no BPF backend"
	elif ! grep -q 'raw tracepoint programs can be loaded' <<<"$said"; then
		echo "this host does not let root load BPF programs"
	fi
}

# Ends the test here when it cannot.
bpf_or_skip() { # NAME
	local why
	why=$(bpf_lacks)
	[ -z "$why" ] && return
	skip "$1" "$why"
	done_testing
}

await() { # COMMAND...: until it succeeds, two minutes at most
	local i
	for ((i = 0; i < 1200; i++)); do
		"$@" && return
		sleep 0.1
	done
	return 1
}
