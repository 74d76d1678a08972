#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Processes that come and go: a replay has about as many of them at once as there were, and needs no more
# descriptors than that, for what they hold and for their current directories.
# shellcheck source=../replay_lib.sh
. "$TESTS/replay_lib.sh"

check "build" cc -O1 -Wall -Wextra -o program "$TESTS/e2e/processes_program.c"
mkdir work
status_is "capture" 0 env -C work "$IORIOT" -c ../io.capture --backend=ptrace -- ../program 1500
status_is "generate" 0 "$IORIOT" -c io.capture -r io.replay -n t1 --root "$place"
# A fork waits for the end of the process that ended 256 ends before.
equal "forks wait for ends" "$(python3 - io.replay <<'PYTHON'
import sys

ends, waited, forks, wrong = [], 0, 0, []
for line in open(sys.argv[1], encoding="utf-8"):
    if line.startswith("#"):
        if "INIT" in line:
            break
        continue
    fields = line.split("|")
    name, label = fields[-2].split("@")
    if name in ("exit", "exit_group", "task_end"):
        ends.append(int(label))
    elif name in ("fork", "vfork", "clone", "clone3"):
        forks += 1
        deps = [int(d) for d in fields[3].split(",")] if fields[3] != "-" else []
        if len(ends) >= 256:
            waited += 1
            if ends[-256] not in deps:
                wrong.append(label)
print(forks, waited, wrong[:5])
PYTHON
)" "1500 1244 []"
with_files() { # LIMIT NAME OPTIONS: a fresh tree, then the replay
	local limit=$1 name=$2
	shift 2
	"$IORIOT" -i io.replay --root "$place" --quiet
	status_is "$name" 0 bash -c 'ulimit -n "$1" && shift && exec "$@"' sh "$limit" "$IORIOT" -r io.replay \
		--root "$place" -D "$@"
	says "$name: no divergence" "^0 divergences"
}
with_files 700 "4 threads" -p 1 -t 4
with_files 700 "2 workers" -p 2 -t 2
with_files 100 "1 thread" -p 1 -t 1

# Each has a directory of its own: closed when its last thread has ended, not before.
python3 - > directories <<'PYTHON'
def line(thread, process, fields, name):
    print(f"{line.t}+9|{thread}|{process}|-|{fields}|{name}")
    line.t += 10


line.t = 3
line(0, 0, "@TREE@/d|0", "chdir")
for n in range(1, 301):
    # a thread that has its parent's directory (CLONE_FS, CLONE_VM and so on), and is there longer
    line(0, 0, f"{n}:{2 * n - 1}|-|{n + 50}", "fork")
    line(2 * n - 1, n, f"@TREE@/d/{n % 3}|0", "chdir")
    line(2 * n - 1, n, "CLONE_VM+CLONE_FS+CLONE_FILES+CLONE_SIGHAND+CLONE_THREAD|"
         f"{n}:{2 * n}|-|{n + 600}", "clone")
    line(2 * n - 1, n, "0|-|-", "exit")
    line(2 * n, n, f"only{n % 3}|04|0", "access")
    line(2 * n, n, "0|-|-", "exit_group")
line(0, 0, "0/only0|04|0", "access")
print("INIT")
for n in range(3):
    print(f"file|0644|0|0|1|-|@TREE@/d/{n}/only{n}|")
PYTHON
replay_file directories.replay < directories
for threads in 1 4; do
	init directories.replay
	status_is "directories, $threads threads" 0 bash -c 'ulimit -n 90 && exec "$@"' sh "$IORIOT" -r directories.replay \
		--root "$place" -D -p 1 -t "$threads"
	says "directories, $threads threads: no divergence" "^0 divergences"
done
done_testing
