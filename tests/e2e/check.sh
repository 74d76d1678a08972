#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# --check: what it says is so, on this host and where much is forbidden. Files of other hosts are
# in tests/unit/test_check.c.
# shellcheck source=../lib.sh
. "$TESTS/lib.sh"

chmod 777 . # for as_user

forbid() { # CALL=ERRNO... -- COMMAND...
	# the leak check of AddressSanitizer is a tracer itself
	ASAN_OPTIONS=${ASAN_OPTIONS-}:detect_leaks=0 python3 "$TESTS/e2e/check_forbid.py" "$@"
}

# section NAME: its line's mark; subject SECTION NAME: that line.
section() {
	grep -oP "^(ok|no)(?=  $1 )" <<<"$output"
}
subject() {
	sed -n "/^..  $1 /,/^[a-z]/p" <<<"$output" | grep -P "^    (ok|no|- )  $2  "
}

# marked NAME SECTION SUBJECT MARK [REGEX]
marked() {
	local line
	line=$(subject "$2" "$3")
	if [[ $line == "    $4"* ]] && grep -Eq -- "${5-}" <<<"$line"; then
		ok "$1"
	else
		not_ok "$1" "wanted \"$4\" \"${5-}\" of $2 $3: ${line:-nothing} in ${output:0:3000}"
	fi
}

# The text once more, made from the JSON as docs/check.md describes it.
from_json() {
	python3 - "$1" <<'END'
import json, sys
c = json.load(open(sys.argv[1]))
assert list(c) == ["schema", "version", "usable", "replay", "backends", "sections"], list(c)
assert c["schema"] == 1
assert list(c["sections"]) == ["host", "stap", "bpf", "ptrace", "replay"]
width = max(len(n) for s in c["sections"].values() for n in s["subjects"])
for name, s in c["sections"].items():
    assert s["usable"] == all(x["mark"] != "no" for x in s["subjects"].values()), name
    print(f'{"ok" if s["usable"] else "no"}  {name:<6}  {s["what"]}')
    for n, x in s["subjects"].items():
        remedy = f'; {x["remedy"]}' if x["remedy"] else ""
        print(f'    {x["mark"]:<2}  {n:<{width}}  {x["text"]}{remedy}')
recorders = [n for n in ("stap", "bpf", "ptrace") if c["sections"][n]["usable"]]
assert c["backends"] == recorders
assert c["replay"] == c["sections"]["replay"]["usable"]
assert c["usable"] == (c["replay"] and bool(recorders))
print(f'recording: {", ".join(recorders) or "no"}; replaying: {"yes" if c["replay"] else "no"}')
END
}

# The numbers that change from one look to the next.
still() { sed 's/of which .* is available/of which N is available/'; }

# ---- this host, as an ordinary user and as who runs the tests ----

for who in as_user env; do
	rm -f out.json
	"$who" "$IORIOT" --check --json out.json >out.txt 2>err.txt
	status=$?
	output=$(cat out.txt)
	equal "$who: no complaint" "$(cat err.txt)" ""
	equal "$who: the JSON says what the text says" "$(from_json out.json | still)" "$(still <out.txt)"
	[ "$(section ptrace) $(section replay)" = "ok ok" ] && wanted=0 || wanted=4
	equal "$who: exit status" "$status" "$wanted"

	# what is said of recording is so
	"$who" "$IORIOT" -c "$PWD/$who.capture" -- /bin/true 2>err.txt
	[ $? -ne 4 ] && works=ok || works=no
	equal "$who: ptrace works or not, as is said" "$(section ptrace)" "$works"
	"$who" "$IORIOT" -c c --backend=stap -- /bin/true 2>err.txt
	[ $? -ne 4 ] && works=ok || works=no
	equal "$who: stap works or not, as is said" "$(section stap)" "$works"
	"$who" "$IORIOT" -c c --backend=bpf -- /bin/true 2>err.txt
	[ $? -ne 4 ] && works=ok || works=no
	equal "$who: bpf works or not, as is said" "$(section bpf)" "$works"
	[ -e /proc/modules ] && wanted=ok || wanted=no
	marked "$who: modules" stap modules "$wanted"
	[ -e /sys/kernel/btf/vmlinux ] && wanted=ok || wanted=no
	marked "$who: type information" bpf "type information" "$wanted"
done
output=$(as_user "$IORIOT" --check)
marked "an ordinary user cannot drop caches" replay "drop caches" "- " "root can"
marked "an ordinary user may not load modules" stap privileges no "stapusr"
marked "nor BPF programs" bpf "bpf\(2\)" no "root can|has it"


# ---- where much is forbidden ----

# forbidden NAME STATUS CALL=ERRNO...: what is said there.
forbidden() {
	local name=$1 status=$2
	shift 2
	status_is "$name: status" "$status" forbid "$@" -- "$IORIOT" --check
}

if [ "$("$IORIOT" --check --quiet)$?" = 0 ] && forbid ptrace=EPERM -- true; then
	# with another way to record, ptrace is not needed
	grep -Eq '^recording: (stap|bpf)' out.txt && alone=0 || alone=4
	forbidden "without ptrace" "$alone" ptrace=EPERM
	marked "without ptrace: attach" ptrace attach no "seccomp filter"
	marked "without ptrace: the rest is not tried" ptrace calls "- "
	equal "without ptrace: summary" "$(grep -o '^recording:.*ptrace' <<<"$output")" ""
	forbidden "without seccomp" "$alone" prctl:SECCOMP=EINVAL
	marked "without seccomp: filter" ptrace "seccomp filter" no "CONFIG_SECCOMP_FILTER"
	forbidden "without process_vm_readv" "$alone" process_vm_readv=EPERM
	marked "without process_vm_readv: calls" ptrace calls no "process_vm_readv.*not permitted"
	forbidden "without openat2" 4 openat2=ENOSYS
	marked "without openat2: paths" replay paths no "Linux 5.6"
	forbidden "where openat2 is forbidden" 4 openat2=EPERM
	marked "where openat2 is forbidden: paths" replay paths no "container"
	says "where openat2 is forbidden: summary" "^recording: .*; replaying: no"
	forbidden "without unshare" 4 unshare=EPERM
	marked "without unshare: directories" replay directories no
	forbidden "without Landlock" 0 landlock_create_ruleset=EOPNOTSUPP
	marked "without Landlock: said" replay Landlock "- " "not run as root"
	forbidden "without bpf" 0 bpf=ENOSYS
	marked "without bpf: said" bpf "bpf\(2\)" no "CONFIG_BPF_SYSCALL"
	if is_root; then
		forbidden "who cannot become another user" 4 setresuid=EPERM
		marked "who cannot become another user: user" replay user no "nobody"
	fi
else
	skip "where much is forbidden" "replay or recording, or seccomp filters, are not there anyhow"
fi

# Root of a user namespace is nobody here: no module, and nobody else to replay as.
if unshare -Ur true 2>/dev/null; then
	status_is "user namespace" 4 unshare -Ur "$IORIOT" --check
	marked "user namespace: user" replay user no "-u names another user"
	marked "user namespace: modules" stap privileges no "CAP_SYS_MODULE"
	marked "user namespace: said" host namespaces "- " "user namespace"
else
	skip "user namespace" "this host does not allow them"
fi

if is_root && unshare -m true 2>/dev/null && [ -d /sys/kernel/security ]; then
	locked() {
		# shellcheck disable=SC2016
		unshare -m sh -c 'mount -t tmpfs none /sys/kernel/security &&
			echo "none [integrity] confidentiality" >/sys/kernel/security/lockdown &&
			exec "$0" --check' "$IORIOT"
	}
	output=$(locked)
	marked "lockdown" stap lockdown no "integrity.*signed with a key"
else
	skip "lockdown" "only root can pretend that it is on"
fi

# ---- the output ----

equal "text is in columns" "$(grep '^    ' out.txt | cut -c 9- | grep -vcP '^\S.{15} {2}\S')" 0
output=$("$IORIOT" --check --quiet)
equal "--quiet" "$output" ""
fails "JSON to a full device" 1 "/dev/full" "$IORIOT" --check --quiet --json /dev/full
status_is "text to a full device" 1 bash -c "\"$IORIOT\" --check >/dev/full"
fails "JSON into no directory" 1 "none/x" "$IORIOT" --check --json none/x
[ -e /proc/modules ] && mark=no || mark="- "
cp "$IORIOT" other.ko
output=$("$IORIOT" --check -m ./other.ko)
marked "-m: a file that is no module" stap module "$mark" "not a kernel module|loads none"
output=$("$IORIOT" --check -m ./none.ko)
marked "-m: no file" stap module "$mark" "none.ko: No such file|loads none"
status_is "an option of another command" 2 "$IORIOT" --check -p 4

terminal() { # NAME=VALUE...: what is written on a terminal
	env "$@" python3 -c 'import pty, sys; pty.spawn(sys.argv[1:])' \
		"$IORIOT" --check </dev/null
}
colored() { grep -c $'\033\\[3[12]m'; }
check "a terminal gets colors" [ "$(terminal TERM=xterm | colored)" -gt 5 ]
equal "no colors for TERM=dumb" "$(terminal TERM=dumb | colored)" 0
equal "no colors for NO_COLOR" "$(terminal TERM=xterm NO_COLOR=1 | colored)" 0
equal "no colors in a pipe" "$(TERM=xterm "$IORIOT" --check | colored)" 0

# ---- the document ----

missing=$(python3 -c 'import json
text = open("'"$SOURCE"'/docs/check.md").read()
for name, s in json.load(open("out.json"))["sections"].items():
    for subject in s["subjects"]:
        if f"| {name} | {subject} |" not in text:
            print(name, subject)')
equal "every subject is explained in docs/check.md" "$missing" ""

done_testing
