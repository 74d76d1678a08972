# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# The job of tests/vm/module.sh: modules come and go, whatever happens to ioriot.
# shellcheck source=../job_lib.sh
. /usr/lib/ioriot/job_lib.sh
release=$(uname -r)
modules=/opt/ioriot/systemtap/$release
cd /mnt/ext4 || exit

# staprun -R gives other names
loaded() { find /proc/systemtap -mindepth 1 -maxdepth 1 2>/dev/null | wc -l; }
unused_kib() { sed -n 's/^MemAvailable: *\([0-9]*\) kB/\1/p' /proc/meminfo; }

# says NAME STATUS REGEX COMMAND...: exits so, with such a sentence, and makes no file.
says() {
	local name=$1 wanted=$2 regex=$3 said status
	shift 3
	rm -f refused.capture
	said=$("$@" 2>&1 < /dev/null)
	status=$?
	if [ $status -eq "$wanted" ] && grep -Eq "^ioriot: .*$regex" <<< "$said"; then
		ok "$name"
	else
		not_ok "$name" "status $status, not $wanted with \"$regex\": $said"
	fi
	equal "$name: no file" "$(ls refused.capture 2>/dev/null)" ""
	equal "$name: no module" "$(loaded)" 0
}

check "ioriot --check" ioriot --check

# ---- again and again
before=$(unused_kib)
wrong=''
for i in $(seq 20); do
	ioriot --quiet -c again.capture --backend=stap --buffer=8 -- cat /etc/passwd > /dev/null 2> again.log &&
		[ "$(loaded)" -eq 0 ] ||
		wrong="$wrong $i: $(cat again.log)"
	grep -c 'o=openat;:,d=AT_FDCWD;:,p=/etc/passwd;' again.capture
done > found
equal "20 captures" "$wrong" ""
check "20 captures: the last one is sound" $lib/capture_check.py again.capture
equal "20 captures have the same" "$(sort found | uniq -c | tr -d ' ')" 201
# 16 MiB of buffers each time
check "20 captures leave no memory behind" test $((before - $(unused_kib))) -lt 100000

# ---- what is not for this kernel, or for nobody
mkdir wrong damaged
sed "s/vermagic=$release/vermagic=${release/6./5.}/" "$modules/ioriot.ko" > wrong/ioriot.ko
says "a module of another release" 4 "is for kernel ${release/6./5.}, this one is $release" \
	ioriot -c refused.capture -m wrong/ioriot.ko
head -c 20000 "$modules/ioriot.ko" > damaged/ioriot.ko
says "a damaged module" 4 'damaged' ioriot -c refused.capture -m damaged/ioriot.ko
says "a module that is not there" 4 'none\.ko.*make -C systemtap' ioriot -c refused.capture -m none
says "a process that is not there" 1 'no such process' ioriot -c refused.capture -x 99999
says "an ordinary user" 4 'stapusr' as user ioriot -c refused.capture

# ---- who is in the groups
for user in stapuser stapdever; do
	cd "/home/$user" || exit
	check "$user records a program" as $user ioriot -c x.capture --backend=stap --buffer=8 -- cat /etc/group
	check "$user: capture is sound" $lib/capture_check.py x.capture
	check "$user: what was opened" grep -q 'o=openat;:,.*p=/etc/group;' x.capture
	equal "$user owns it" "$(stat -c %U:%a x.capture)" "$user:644"
done
equal "no module" "$(loaded)" 0
cd /mnt/ext4 || exit

# ---- several at once
for n in 1 2; do
	mkdir d$n
	mkfifo go$n
	/job/threads d$n 2 30 "/mnt/ext4/go$n" > "/out/both$n.stdout" &
	declare "program$n=$!"
done
await test -e d1/t1-1 -a -e d2/t1-1
# shellcheck disable=SC2154
begin both1 -x "$program1"
capture1=$capture
# shellcheck disable=SC2154
begin both2 -x "$program2"
capture2=$capture
equal "two modules" "$(loaded)" 2
begin both
equal "three modules" "$(loaded)" 3
echo > go1
echo > go2
wait "$program1" "$program2"
end both
capture=$capture1
ended both1
capture=$capture2
ended both2
equal "no module afterwards" "$(loaded)" 0

# ---- filters
begin comm --comm=storm
/job/storm open 100 1 d1 > /dev/null
cat /etc/passwd > /dev/null
end comm
begin uid --uid=user
as user /job/storm stat 100 1 /tmp > /dev/null
/job/storm open 100 1 d1 > /dev/null
end uid
begin words --comm=storm -E openat
/job/storm stat 20000 1 d1 > /dev/null
/job/storm open 100 1 d1 > /dev/null
made=$(cat /proc/systemtap/*/status | awk -F '[=:]' '/^cpu/ { sum += $2 } END { print sum }')
end words
check "-E: the module does not look at other calls: it made $made records" test "$made" -lt 15000
begin events --max-events=500
/job/storm stat 1000 1 d1 > /dev/null
ended events
equal "--max-events" "$(grep -cv -e '^#' -e ';:,o=state_' -e ';:,o=end' /tmp/events.capture)" 500
begin parts --comm=storm --max-size=100K
for i in 1 2 3 4 5; do
	/job/storm open 800 1 d1 > /dev/null
	read -rt 0.2 -u "$never" # a file is full between two rounds
done
end parts
cp /tmp/parts.capture.* /out
for part in /tmp/parts.capture*; do
	check "${part##*/}: is sound" $lib/capture_check.py --part "$part"
	check "${part##*/}: generate" ioriot --quiet -c "$part" -r parts.replay -n parts
done
begin duration --duration=2
/job/storm stat 100 1 d1 > /dev/null
ended duration

# ---- by name: the module for Java
mkdir named d3
echo begin > named/b
cp /job/named /job/java
begin java -m javaioriot
/job/java named > /tmp/cat
echo > /tmp/b
/job/named /tmp > /dev/null
cp /job/threads /job/java
/job/java d3 3 30 > /out/java.stdout
end java
check "java: capture is sound" $lib/capture_check.py --attached /tmp/java.capture
replays java /tmp/java.capture "/mnt/ext4/named /mnt/ext4/d3" "1 1" "2 8"
begin other -m javaioriot --comm=storm
/job/java d3 1 1 > /dev/null
/job/storm open 100 1 d1 > /dev/null
end other

# ---- how it ends
begin terminated
cat /etc/passwd > /dev/null
kill -TERM "$capture"
ended terminated

# much is to be written still, and somebody has no patience
begin impatient --buffer=32
kill -STOP "$capture"
/job/storm pwrite 60000 2 d1 > /out/impatient.stdout
kill -INT "$capture"
kill -CONT "$capture"
while kill -INT "$capture" 2> /dev/null; do
	read -rt 0.1 -u "$never"
done
ended impatient
check "impatient: capture is sound" $lib/capture_check.py --attached /tmp/impatient.capture
check "impatient: a word of patience" grep -q 'still writing' /tmp/impatient.log
equal "impatient: the module went" "$(loaded)" 0

begin killed
/job/storm open 2000 1 d1 > /dev/null
sync
sleep 1.5 # the sink syncs once a second
kill -KILL "$capture"
wait "$capture"
check "killed: the module goes" await eval 'test $(loaded) -eq 0'
check "killed: the capture is read" sh -c 'ioriot -c /tmp/killed.capture -r killed.replay -n killed 2>&1 |
	tee /dev/stderr | grep -q "cut short"'
check "killed: it has what was recorded" test "$(grep -c 'p=storm0;' /tmp/killed.capture)" -ge 2000
check "killed: the next capture" ioriot -c next.capture --backend=stap --buffer=8 -- true

# and with all that belongs to it
begin gone
read -ra guards < "/proc/$capture/task/$capture/children"
kill -KILL "${guards[@]}" "$capture"
wait "$capture"
sleep 0.5
if [ "$(loaded)" -gt 0 ]; then
	check "gone: the next capture says what is left" sh -c \
		'ioriot -c next.capture --backend=stap --buffer=8 -- true 2>&1 | grep "staprun -d"'
	for module in /proc/systemtap/*; do
		module=${module##*/}
		check "gone: $module is taken out" staprun -d "$module"
	done
else
	ok "gone: the module went"
fi
check "gone: the capture after that" ioriot -c next.capture --backend=stap --buffer=8 -- true
equal "no module at the end" "$(loaded)" 0
