#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# --backend=auto: what is taken, and why not what is better; the branches that load a module are in vm/backends.sh.
# shellcheck source=../lib.sh
. "$TESTS/lib.sh"
# shellcheck source=../bpf_lib.sh
. "$TESTS/bpf_lib.sh"

mkdir -m 777 out
if "$IORIOT" --quiet -c stap.capture --backend=stap -- true 2>/dev/null; then
	skip "--backend=auto without a module" "this host loads modules"
	done_testing
fi

# said NAME STATUS "LINE"... -- COMMAND...: ends with the status and says just these lines, each a regex, of what is taken and what not
said() {
	local name=$1 status=$2 lines=() got i
	shift 2
	while [ "$1" != -- ]; do
		lines+=("$1")
		shift
	done
	shift
	status_is "$name: status" "$status" "$@"
	mapfile -t got < <(grep -E '^ioriot: (not with|recording with|this |root |the |BPF programs of )' <<<"$output")
	equal "$name: as many lines" "${#got[@]}" ${#lines[@]}
	for i in "${!lines[@]}"; do
		check "$name: \"${lines[i]}\"" grep -qE "^ioriot: ${lines[i]}" <<<"${got[i]-}"
	done
}

no_module='not with stap: .*(module|stap)'
no_right='not with bpf: this kernel does not let us load BPF programs: root can, or who has CAP_BPF and CAP_PERFMON'
no_types='not with bpf: this kernel has no type information \(/sys/kernel/btf/vmlinux\), which the bpf backend needs'
why=$(bpf_lacks)
if [ -n "$why" ]; then
	skip "--backend=auto where BPF can be had" "$why"
else
	said "a program" 0 "$no_module" 'recording with bpf$' -- "$IORIOT" -c out/a --backend=auto -- true
	equal "a program: the header" "$(head -n 1 out/a | grep -o 'backend=[a-z]*')" backend=bpf
	said "a module that is not there" 0 "$no_module" 'recording with bpf$' -- \
		"$IORIOT" -c out/c --backend=auto -m none -- true
	said "--no-hold is for ptrace only" 0 'recording with ptrace$' -- "$IORIOT" -c out/d --backend=auto --no-hold -- true
	if unshare -m true 2>/dev/null; then
		# called by said
		# shellcheck disable=SC2317
		without_types() { unshare -m --propagation private sh -c 'mount -t tmpfs none /sys/kernel/btf && exec "$@"' - "$@"; }
		said "no type information" 0 "$no_module" "$no_types" 'recording with ptrace$' -- \
			without_types "$IORIOT" -c out/e --backend=auto -- true
		said "no type information, and no program" 4 "$no_module" "$no_types" 'this kernel has no type' -- \
			without_types "$IORIOT" -c out/f --backend=auto
		absent "no type information: no file" out/f
		# without any type: there are no rings
		printf '\237\353\1\0\30\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1\0\0\0\0' >types
		# called by said
		# shellcheck disable=SC2317
		with_older_types() { unshare -m --propagation private sh -c 'mount --bind types /sys/kernel/btf/vmlinux && exec "$@"' - "$@"; }
		said "an older kernel" 0 "$no_module" \
			'not with bpf: .* no rings \(bpf_ringbuf_reserve\): that is, it is older than Linux 5.8' 'recording with ptrace$' -- \
			with_older_types "$IORIOT" -c out/j --backend=auto -- true
		said "an older kernel, and no program" 4 "$no_module" 'not with bpf: .*bpf_ringbuf_reserve' 'BPF programs .*older than Linux 5.8' -- \
			with_older_types "$IORIOT" -c out/k --backend=auto
		absent "an older kernel, and no program: no file" out/k
		check "an older kernel: --check says it too" \
			grep -q 'no *programs .*older than Linux 5.8' <(with_older_types "$IORIOT" --check)
	else
		skip "--backend=auto without type information" "no mount namespace may be made here"
	fi
	said "an ordinary user" 0 "$no_module" "$no_right" 'recording with ptrace$' -- \
		as_user "$IORIOT" -c out/g --backend=auto -- true
	said "an ordinary user, and no program" 4 "$no_module" "$no_right" 'this kernel does not let us' -- \
		as_user "$IORIOT" -c out/h --backend=auto
	absent "an ordinary user: no file" out/h
	said "an ordinary user and somebody else's process" 4 "$no_module" "$no_right" 'this kernel does not let us' -- \
		as_user "$IORIOT" -c out/i --backend=auto -x 1
fi
said "--quiet" 0 -- "$IORIOT" --quiet -c out/q --backend=auto -- true
done_testing
