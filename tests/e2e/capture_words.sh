#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# -E and -F: a capture has what they name, each call of it, and what is always needed; the analysis chooses the same.
# shellcheck source=../lib.sh
. "$TESTS/lib.sh"

cat > program.py <<'E1'
import mmap, os
fd = os.open("file", os.O_RDWR | os.O_CREAT, 0o600)
for i in range(40):
	os.write(fd, b"x" * 100)
	os.pread(fd, 50, i)
	os.lstat("file")
for i in range(7):
	try:
		os.truncate("file/none", 1)
	except NotADirectoryError:
		pass
for i in range(3):
	m = mmap.mmap(fd, 4000)
	m[0] = 7
	m.flush()
	m.close()
os.fsync(fd)
other = os.dup(fd)
os.lseek(other, 0, os.SEEK_SET)
os.read(other, 1000)
os.close(fd)
if os.fork() == 0:
	os.truncate("file", 10)
	os._exit(0)
os.wait()
os.unlink("file")
E1
mkdir work
record() { # FILE OPTION...
	check "record $*" sh -c 'cd work && rm -rf ./* && exec "$@"' sh "$IORIOT" --quiet -c "../$1" "${@:2}" -- python3 -I ../program.py
}
rows() { # FILE FILTER: operation and file of each call
	"$IORIOT" --quiet -a "$1" -F "$2" --export csv:/dev/stdout | python3 -c 'import csv, sys
for r in csv.DictReader(sys.stdin): print(r["op"], r["file"], r["ret"] if r["op"] not in ("openat", "mmap") else "", r["written"], r["read"])'
}
record all.capture
record some.capture -E 'WRITE,pread*,fsync'
own='(class==WRITE || op in (pread64, fsync)) && file=~"/work/file"'
equal "what is named, with its files" "$(rows some.capture "$own")" "$(rows all.capture "$own")"
check "what is named: it is something" test "$(rows some.capture "$own" | wc -l)" -ge 81
equal "what is not" "$(rows some.capture 'op in (read, lseek, lstat, newfstatat, statx, unlink, truncate, mmap, getdents64)')" ""
check "what is always needed" test "$(rows some.capture 'op in (openat, close, clone, fork, vfork, dup, exit_group)' | wc -l)" -ge 5
check "the header says it" grep -q '|only=WRITE,pread\*,fsync|' some.capture
check "it is valid" python3 "$TESTS/capture_check.py" some.capture
fails "it cannot be replayed" 1 "some.capture: only some calls were recorded" "$IORIOT" -c some.capture -r some.replay
absent "no replay is made" some.replay

record few.capture -E '!FS,!Memory'
equal "taking away: what is always needed stays" "$(rows few.capture '!(op in (openat, close, dup, fcntl)) && family==FS' | grep -v '^\(dup2\|dup3\|pipe2\|chdir\|fchdir\|memfd_create\) ')" ""
record limited.capture -E 'write' --max-events 60
equal "with another limit" "$(sed -n 's/.*;:,o=\([a-z0-9_]*\);.*/\1/p' limited.capture | grep -cvE '^(state_.*|end|lost|task_end)$')" 60

equal "analysis: the same words" "$("$IORIOT" --quiet -a all.capture -E 'WRITE,pread*,fsync' --export csv:/dev/stdout)" \
	"$("$IORIOT" --quiet -a all.capture -F 'class==WRITE || op=~"^pread" || op==fsync' --export csv:/dev/stdout)"
equal "analysis: with a filter" "$("$IORIOT" --quiet -a all.capture -E 'WRITE' -F 'ret==100' --export csv:/dev/stdout | wc -l)" 41
status_is "analysis: summary" 0 "$IORIOT" --quiet -a all.capture -E fsync
says "analysis: summary says how many" "chosen: 1 of [0-9]+ calls"

# -F: a recording has what the analysis of a whole one finds, with its files, and what is always needed.
filtered() { # NAME FILTER OPTION...: what the filter lets through is the same as of all
	record "$1.capture" -F "$2" "${@:3}"
	equal "-F $2 ${*:3}: what it lets through" "$(rows "$1.capture" "($2) && $mine")" "$(rows all.capture "($2) && $mine")"
	check "-F $2 ${*:3}: it is something" test "$(rows "$1.capture" "($2) && $mine" | wc -l)" -ge 1
	check "-F $2 ${*:3}: it is valid" python3 "$TESTS/capture_check.py" "$1.capture"
}
mine='file=~"/work/file"'
always='op in (mmap, mremap, munmap, openat, close, clone, clone3, fork, vfork, dup, dup2, dup3, fcntl, pipe2, execve, exit, exit_group, chdir, fchdir, memfd_create)'
filtered f1 'op in (pread64, fsync) || written==100'
filtered f0 'op=~"^p?(read|write)64$" && op!~"w"' # by regular expression
equal "by regular expression: others are not there" "$(rows f0.capture 'op in (read, write, readv, pwrite64, fsync)')" ""
equal "-F: nothing else" "$(rows f1.capture "!(op in (pread64, fsync) || written==100) && !($always)")" ""
filtered maps 'op in (munmap, msync)'
equal "-F: maps: how many" "$(rows maps.capture "op==msync && $mine" | wc -l)" 3
filtered named_maps 'op==munmap && file=~"/work/file$"'
equal "-F: maps by name: how many" "$(rows named_maps.capture "op==munmap && $mine" | wc -l)" 3
record worded_maps.capture -E msync
equal "-E msync: of which file" "$(rows worded_maps.capture "op==msync && $mine" | wc -l)" 3
filtered failed 'error && op!=openat'
filtered both '(error && op==truncate) || (written==100 && latency>1ns)'
filtered f2 'file=~"/work/file$" && op!=write'
equal "-F: no writes" "$(rows f2.capture 'op==write')" ""
record f4.capture -F 'offset==39 || offset>=100' # which the calls that are left out tell
equal "-F offset: what it lets through" "$(rows f4.capture "op in (write, pread64) && $mine")" \
	"$(rows all.capture "(offset==39 || offset>=100) && op in (write, pread64) && $mine")"
filtered f5 'ret==100 && comm=~"^python"' -E WRITE
equal "-F with -E: both" "$(rows f5.capture "!(class==WRITE) && !($always)")" ""
check "-F: the header says it" grep -qF '|filter=op in (pread64, fsync) \x7c\x7c written==100|' f1.capture
fails "-F: it cannot be replayed" 1 "f1.capture: only some calls were recorded" "$IORIOT" -c f1.capture -r f1.replay
status_is "-F: the summary" 0 "$IORIOT" --quiet -a f1.capture
says "-F: the summary says it" "recorded were only calls with op in \(pread64"
check "-F: what cannot be meant does not stop the program" sh -c 'test "$(wc -l < f1.capture)" -lt "$(wc -l < all.capture)"'
for column in seq line; do
	fails "-F: $column" 2 "$column is known of captures only" "$IORIOT" -c x.capture -F "$column>3" -- true
done
fails "-F: wrong" 2 'there is no column "x"' "$IORIOT" -c x.capture -F 'x==1' -- true

# Of BPF the kernel's side decides; its records come with the same files.
# shellcheck source=../bpf_lib.sh
. "$TESTS/bpf_lib.sh"
why=$(bpf_lacks)
if [ -n "$why" ]; then
	skip "with BPF" "$why"
else
	record some_bpf.capture -E 'WRITE,pread*,fsync' --backend=bpf
	equal "with BPF: what is named, with its files" "$(rows some_bpf.capture "$own")" "$(rows some.capture "$own")"
	equal "with BPF: what is not" "$(rows some_bpf.capture 'op in (read, lseek, lstat, newfstatat, statx, unlink, truncate, mmap, getdents64)')" ""
	check "with BPF: it is valid" python3 "$TESTS/capture_check.py" some_bpf.capture
	fails "with BPF: it cannot be replayed" 1 "only some calls were recorded" "$IORIOT" -c some_bpf.capture -r some.replay
	filtered bpf_failed 'error && op!=openat' --backend=bpf
	equal "with BPF: -F: what the kernel can decide: nothing else" "$(rows bpf_failed.capture "!error && !($always)")" ""
	filtered bpf_both '(error && op==truncate) || (written==100 && latency>1ns)' --backend=bpf
	filtered bpf_ret 'ret==-20 || ret==50' --backend=bpf
	cat > other.py <<-'E2'
		import os
		fd = os.open("other", os.O_RDWR | os.O_CREAT)
		open("go").read()
		for i in range(30):
		    os.pwrite(fd, b"x" * 10, i)
		if os.fork() == 0:
		    for i in range(30):
		        os.pwrite(fd, b"x" * 10, i)
		    os._exit(0)
		os.wait()
	E2
	mkfifo go
	python3 -I other.py &
	other=$!
	"$IORIOT" -c pids.capture --backend=bpf -x $other -F "op==pwrite64 && pid in (1, $other)" 2> pids.said &
	recorder=$!
	check "with BPF: -F pid: it records" await grep -q 'attached, recording' pids.said
	echo > go
	wait $other
	wait $recorder
	equal "with BPF: -F pid: status" $? 0
	equal "with BPF: -F pid: of whom" "$("$IORIOT" --quiet -a pids.capture -F op==pwrite64 --export csv:/dev/stdout | awk -F , -v p="$other" \
		'NR > 1 { n[$6 == p]++ } END { print n[1] + 0, n[0] + 0 }')" "30 0"
	filtered bpf1 'op in (pread64, fsync) || written==100' --backend=bpf
	equal "with BPF: -F: nothing else" "$(rows bpf1.capture "!(op in (pread64, fsync) || written==100) && !($always)")" ""
fi

wrong() { # WORDS COLUMN
	fails "wrong: $1" 2 "-E: .* is no operation, family or class" "$IORIOT" -c x.capture -E "$1" -- true
	equal "wrong: $1: place" "$(sed -n '3s/\^.*//p' <<< "$output" | tr -d '\n' | wc -c)" $(($2 + 2))
}
wrong 'FS,nothing' 3
wrong 'fs' 0
wrong 'FS,!nothing' 4
wrong 'State' 0
wrong 'READ,,WRITE' 5
fails "wrong in an analysis" 2 "-E: \"x\" is no" "$IORIOT" -a all.capture -E x
absent "no capture is made" x.capture
done_testing
