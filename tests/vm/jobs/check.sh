# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# The job of tests/vm/check.sh.
# shellcheck source=../job_lib.sh
. /usr/lib/ioriot/job_lib.sh
cd /tmp || exit
grep -q " /sys/kernel/security " /proc/mounts || mount -t securityfs none /sys/kernel/security
modules=/opt/ioriot/systemtap/$(uname -r)

# says NAME SUBJECT MARK REGEX: of $text, part stap.
says() {
	local line
	line=$(sed -n '/^..  stap /,/^..  bpf /p' <<<"$text" | grep -E "^    (ok|no|- )  $2  ")
	case $line in
	"    $3"*) grep -Eq -- "$4" <<<"$line" && ok "$1" && return ;;
	esac
	not_ok "$1" "wanted \"$3\" \"$4\": ${line:-nothing} in $text"
}
captures() { # USER: whether a capture of the whole host works
	as "$1" ioriot --quiet -c "/tmp/$1.capture" --backend=stap --duration 1s 2>/dev/null
	[ $? -ne 4 ] && echo ok || echo no
}
usable() { grep -oE '^(ok|no)  stap ' <<<"$text" | cut -c 1-2; }

for user in root user stapuser stapdever; do
	text=$(as "$user" ioriot --check)
	equal "$user: exit status" $? 0
	equal "$user: what is said is so" "$(usable)" "$(captures $user)"
done
text=$(ioriot --check)
equal "root: usable" "$(usable)" ok
says "root: module" module ok "$(uname -r)/ioriot.ko"
says "root: module for -x" "module for -x" ok "targetedioriot.ko"
says "root: loading" loading ok "in.* out"
says "root: hooks" hooks ok "sys_enter,sys_exit"
says "root: lockdown" lockdown ok "\[none\]"
equal "no module stays" "$(lsmod | grep -c ioriot)" 0
text=$(as stapuser ioriot --check)
says "stapuser: its module is the system's" module ok "/lib/modules/$(uname -r)/systemtap/ioriot.ko"
text=$(as stapuser ioriot --check -m "$modules/ioriot.ko")
says "stapuser: no other module" privileges no "systemtap only"
text=$(as user ioriot --check)
says "user: privileges" privileges no "stapusr"

# while another one records
ioriot --quiet -c other.capture &
capture=$!
for ((i = 0; i < 100; i++)); do
	grep -qs '^state=started' /proc/systemtap/ioriot/status && break
	sleep 0.1
done
text=$(ioriot --check)
says "beside a capture: loading" loading ok "in.* out"
kill -INT $capture
wait $capture
equal "the capture went on" "$(tail -n 1 other.capture | grep -c 'o=end;')" 1
equal "only its owner can read it" "$(stat -c %a other.capture)" 600

head -c 3000 "$modules/ioriot.ko" >ioriot.ko
text=$(ioriot --check -m ./ioriot.ko)
says "a damaged module" module no "damaged|not a kernel module"
sed "s/$(uname -r)/9.9.0-56-cloud-amd64/" "$modules/ioriot.ko" >ioriot.ko
text=$(ioriot --check -m ./ioriot.ko)
says "a module of another kernel" module no "is for kernel 9.9.0"
mv "$modules" "$modules.off"
mv "/lib/modules/$(uname -r)/systemtap" /tmp/systemtap.off
text=$(ioriot --check)
says "no module" module no "make -C systemtap KERNEL=$(uname -r)"
mv "$modules.off" "$modules"
mv /tmp/systemtap.off "/lib/modules/$(uname -r)/systemtap"

# not back until the machine is off
echo integrity >/sys/kernel/security/lockdown
text=$(ioriot --check)
says "locked down" lockdown no "signed"
equal "locked down: usable" "$(usable)" no
equal "locked down: what is said is so" no "$(captures root)"
