#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A recorded program that sees what others do: the replay does that too, and nothing diverges.
# shellcheck disable=SC2317 # functions are called through check
# shellcheck source=../lib.sh
. "$TESTS/lib.sh"

# Says how far it is, and goes on when it is told to.
cat >watcher.py <<'E1'
import os, stat, sys, threading

def turn():
	print("done", flush=True)
	sys.stdin.readline()

def fails(call, *args):
	try:
		call(*args)
	except OSError:
		return
	sys.exit(f"{call.__name__}{args} worked")

fails(os.stat, "go")
turn()  # go is made
fd = os.open("go", os.O_RDONLY)
assert os.read(fd, 100) == b"go\n"
assert os.read(fd, 100) == b""
turn()  # it grows
assert os.read(fd, 100) == b"more\n"
turn()  # it is cut
assert os.lseek(fd, 0, os.SEEK_END) == 2
os.close(fd)
turn()  # it is removed
fails(os.stat, "go")
turn()  # go is a directory with files in it
assert os.open("go/sub/f", os.O_RDWR)
assert os.listdir("go") == ["sub"]
turn()  # a link
assert os.readlink("go") == "behind/it"
assert os.path.getsize("go") == 3
turn()  # a FIFO
assert stat.S_ISFIFO(os.lstat("go").st_mode)
os.mkdir("made")
turn()  # something is in it
fails(os.rmdir, "made")
turn()  # and not any more
os.rmdir("made")
os.stat("old/file")
turn()  # old is moved away
fails(os.stat, "old")
os.mkdir("old")
turn()  # and removed, but not by us
os.mkdir("old")
os.chdir("old")
turn()  # and once more, with us in it
fails(os.mkdir, "new")
fails(os.getcwd)
os.chdir("..")
fails(os.rename, "old", "new")

def poll():
	while not os.path.exists("start"):
		pass
	with open("start") as f:
		f.read()

threads = [threading.Thread(target=poll) for _ in range(3)]
for t in threads:
	t.start()
turn()  # start is made
for t in threads:
	t.join()
E1

steps=(
	'echo go >go'
	'echo more >>go'
	'truncate -s 2 go'
	'rm go'
	'mkdir -p go/sub; echo f >go/sub/f'
	'rm -r go; mkdir behind; echo it >behind/it; ln -s behind/it go'
	'rm go; mkfifo go'
	'touch made/x'
	'rm made/x'
	'mv old elsewhere'
	'rmdir old'
	'rmdir old'
	'echo now >start.new; mv start.new start'
)

# record CAPTURE: runs the steps beside the recorded program
record() {
	local step status
	(
		mkdir -p work/old && touch work/old/file && cd work || exit
		coproc "$IORIOT" --quiet -c "../$1" -- /usr/bin/python3 -I -B ../watcher.py
		for step in "${steps[@]}"; do
			read -r _ <&"${COPROC[0]}" || break
			eval "$step"
			echo >&"${COPROC[1]}"
		done
		wait "$COPROC_PID"
	)
	status=$?
	rm -r work
	return "$status"
}

mkdir root
chmod 755 . root
check "recorded" record watch.capture
status_is "generated" 0 "$IORIOT" -c watch.capture -r watch.replay -n watch --root root
says "others are told apart" "made by others: [0-9]+ operations"
for word in contradict 'left out: .* directory'; do
	if grep -q "$word" <<<"$output"; then
		not_ok "nothing says: $word" "$output"
	else
		ok "nothing says: $word"
	fi
done
for layout in "1 1" "2 8" "4 16"; do
	check "initialised for $layout" "$IORIOT" -i watch.replay --root root
	status_is "replayed without divergence, $layout" 0 "$IORIOT" -r watch.replay --root root \
		-p "${layout% *}" -t "${layout#* }" -D
	echo "$output"
done
# Began where nothing has a name any more: what it does there cannot be done again.
gone() {
	(mkdir gone && cd gone && rmdir ../gone && exec "$IORIOT" --quiet -c ../gone.capture -- \
		sh -c 'pwd -P; ls; : >new; cat ../watcher.py | wc -l; cd ..; ls; mkdir seen; rmdir seen')
}
output=$(gone 2>&1)
check "a working directory without a name: recorded" grep -q 'p=[^;]*/gone (deleted)' gone.capture
status_is "a working directory without a name: generated" 0 \
	"$IORIOT" -c gone.capture -r gone.replay -n gone --root root
says "a working directory without a name: counted" "[0-9]+  relative to a directory that is not known"
check "a working directory without a name: initialised" "$IORIOT" -i gone.replay --root root
status_is "a working directory without a name: no divergence" 0 "$IORIOT" -r gone.replay --root root -D

equal "what others did is one process" "$(awk -F'|' '$10 == "-1" && /state_task@/ { n++; p = $3 }
	/\|(symlink|mknod|truncate)@/ && $3 != p { n++ } END { print n }' watch.replay)" 1
done_testing
