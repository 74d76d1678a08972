#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Replay files that want out of their tree (tests/hostile), and damaged ones. refused_* must not
# run at all; runs_* may run, and diverge. A directory outside that anybody may write to, and what
# is in it, must be as before in all cases.
# shellcheck source=../replay_lib.sh
. "$TESTS/replay_lib.sh"

out=$place/out
mkdir "$out"
echo "do not touch" > "$out/canary"
chmod 666 "$out/canary"
chmod 777 "$out"
touch -d 2001-02-03 "$out/canary" "$out"

state() { find "$place" -path "$place/.ioriot" -prune -o ! -path "$place" \
	-printf '%p %y %m %U:%G %n %s %T@ %C@\n' -exec cat {} \; 2>&1 | sort; }
before=$(state)
untouched() { equal "$1: nothing outside changed" "$(state)" "$before"; }

hostile_file() { # OPS FILE
	sed "s#@OUT@#$out#g" "$1" | replay_file "$2"
}

# The tree that the file wants, as far as init makes it; refused files get a usual one.
usual() {
	{
		echo '0+9|0|0|-|@TREE@/a|04|0|access'
		grep -q '^INIT$' "$1" || printf 'INIT\n'
		sed -n '/^INIT$/,$p' "$1"
		echo 'file|0666|0|0|10|0+10|@TREE@/a|'
	} | sed "s#@OUT@#$out#g"
}

for ops in "$TESTS"/hostile/refused_*.ops; do
	name=$(basename "$ops" .ops)
	hostile_file "$ops" "$name.replay"
	printf '0+9|0|0|-|@TREE@/a|04|0|access\nINIT\ndir|0777|0|0|@TREE@/d|\n' | replay_file usual.replay
	init usual.replay
	fails "$name" 1 "$name.replay.*(out|tree|\"\.\.\"|waits|number|NUL|argument|component)" "$IORIOT" -r "$name.replay" --root "$place" -D
	untouched "$name"
done

users=("")
is_root && users+=(root)
for ops in "$TESTS"/hostile/runs_*.ops; do
	name=$(basename "$ops" .ops)
	{
		sed '/^INIT$/,$d' "$ops"
		usual "$ops" | sed '1d'
	} > whole.ops
	hostile_file whole.ops "$name.replay"
	for user in "${users[@]}"; do
		init "$name.replay" || not_ok "$name" "init"
		output=$("$IORIOT" -r "$name.replay" --root "$place" -D ${user:+-u "$user"} 2>&1)
		status=$?
		case $status in
		0 | 3) ok "$name ${user:-default}: ran, status $status" ;;
		*) not_ok "$name ${user:-default}" "status $status: $output" ;;
		esac
		[ -n "$user" ] || grep 'outside\|led out' <<<"$output"
		untouched "$name ${user:-default}"
	done
done

# Two files that say they are one: links of the first, writes of the second.
hostile_file "$TESTS/hostile/runs_up_links.ops" links.replay
printf '0+9|0|0|-|@TREE@/d/l/canary|04777|0|chmod\n' | replay_file writes.replay
init links.replay
status_is "two files of one id: links" 3 "$IORIOT" -r links.replay --root "$place" -D
check "two files of one id: there is a link" test -L "$tree/d/l"
status_is "two files of one id: writes" 0 "$IORIOT" -r writes.replay --root "$place" -D
says "two files of one id: guarded" "1 chmod: a symbolic link led out of the tree"
untouched "two files of one id"

# What a header says is no more than a name: it chooses neither the user nor the place.
printf '0+9|0|0|-|@TREE@/a|04|-ENOENT|access\n' | replay_file header.replay
init header.replay
sed 's/|id=/|user=root|uid=0|id=/' header.replay > user.replay
status_is "user=root in the header" 0 "$IORIOT" -r user.replay --root "$place" -D -S user.txt
if is_root; then
	check "user=root in the header is no user" grep -q "User: nobody" user.txt
fi
for bad in ../../x .. . "" a/b .hidden "$(printf 'x%.0s' {1..65})"; do
	sed "s#name=t1#name=$bad#" header.replay > name.replay
	fails "name=$bad" 1 "name.replay" "$IORIOT" -r name.replay --root "$place" -D
done
untouched "headers"

# Damage: the same random bytes each time.
{
	sed '/^INIT$/,$d' "$TESTS/hostile/runs_up_links.ops" "$TESTS/hostile/runs_bad_lists.ops"
	printf 'INIT\ndir|0777|0|0|@TREE@/d|\nfile|0666|0|0|10|0+10|@TREE@/a|\n'
} | sed "s#@OUT@#$out#g" | replay_file damage.replay
init damage.replay
python3 - damage.replay damaged <<'PROGRAM'
import os, random, sys
random.seed(7)
whole = open(sys.argv[1], "rb").read()
os.mkdir(sys.argv[2])
for n in range(160):
    b = bytearray(whole)
    if n % 4 == 0:
        b = b[:random.randrange(len(b))]
    for _ in range(random.randrange(1, 5)):
        if not b:
            break
        at = random.randrange(len(b))
        what = random.randrange(3)
        if what == 0:
            b[at] = random.randrange(256)
        elif what == 1:
            end = min(len(b), at + random.randrange(1, 40))
            b[at:at] = b[at:end]
        else:
            b[at:at + random.randrange(1, 20)] = random.choice([b"|", b"/", b"..", b"99999999999999999999", b"\n", b"L1,", b"%fd/0"])
    open(f"{sys.argv[2]}/{n}.replay", "wb").write(bytes(b))
PROGRAM
ran=0 refused=0
for file in damaged/*.replay; do
	output=$(timeout 50 "$IORIOT" -r "$file" --root "$place" -D -p 2 -t 2 2>&1)
	status=$?
	case $status in
	0 | 3) ran=$((ran + 1)) ;;
	1) refused=$((refused + 1)) ;;
	*) not_ok "damaged: $file" "status $status: $output" ;;
	esac
	grep -q 'was ended by signal' <<<"$output" && not_ok "damaged: $file" "$output"
done
equal "damaged: all run or refused ($ran ran, $refused refused)" $((ran + refused)) 160
untouched "damaged"
done_testing
