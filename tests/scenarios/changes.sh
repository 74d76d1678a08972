#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What was there before is moved, replaced, cut, appended to, linked and removed, by names that were not
# touched earlier, so that nothing of it is left as it was.
# shellcheck source=../scenario_lib.sh
. "$TESTS/scenario_lib.sh"

setup() {
	mkdir -p old/deep/er old/empty moved/in swap/a swap/b gone/sub/subsub gone/empty releases/1 releases/2 \
		listed keep/x
	for n in 1 2 3 4 5 6 7 8; do
		seq "$n" $((n * 700)) > "old/deep/file$n"
		seq "$n" $((n * 300)) > "old/deep/er/file$n"
		echo "$n" > "moved/in/$n"
		echo "gone $n" > "gone/sub/$n"
		echo "listed $n" > "listed/$n"
	done
	ln -s ../sub/1 gone/sub/subsub/link
	ln gone/sub/2 gone/second
	echo a > swap/a/one
	echo b > swap/b/two
	echo one > releases/1/version
	echo two > releases/2/version
	ln -s 1 releases/current
	ln -s old/deep shortcut
	truncate -s 2M holes
	printf x | dd of=holes bs=1 seek=1000000 conv=notrunc status=none
	seq 100000 > big
	seq 500 > log
	seq 500 > config
	chmod 640 config
	seq 900 > cleared
	seq 900 > shorter
	seq 900 > emptied
	chmod 700 keep
	echo kept > keep/x/y
	cat > program.py <<'PROGRAM'
import ctypes, os, shutil, subprocess


def put(name, text, mode="w"):
    with open(name, mode) as f:
        f.write(text)


# by links that are replaced, and directories that move afterwards
assert os.access("releases/1/version", os.R_OK)
assert os.access("releases/current/version", os.R_OK)
os.symlink("2", "releases/next")
os.rename("releases/next", "releases/current")
assert open("releases/current/version").read() == "two\n"
assert os.access("old/deep/er/file3", os.R_OK)
assert open("shortcut/er/file3").read()
os.remove("shortcut")
os.mkdir("shortcut")
put("shortcut/new", "new")

assert os.access("moved/in/1", os.R_OK)
os.rename("moved", "elsewhere")
assert os.access("elsewhere/in/2", os.R_OK)
os.rename("elsewhere/in", "elsewhere/out")
os.mkdir("moved")
put("moved/in", "a file now")
assert os.access("elsewhere/out/3", os.R_OK)
assert not os.path.exists("elsewhere/out/none")
os.rename("elsewhere/out/4", "elsewhere/out/5")

# replaced, cut, appended to
put("config.tmp", "new\n")
shutil.copymode("config", "config.tmp")
os.rename("config.tmp", "config")
put("log", "more\n", "a")
put("log", "and more\n", "a")
put("cleared", "all new\n")
os.truncate("shorter", 100)
fd = os.open("emptied", os.O_RDWR)
os.ftruncate(fd, 0)
os.pwrite(fd, b"x", 5000)
os.close(fd)
with open("big", "r+b") as f:
    f.seek(3000)
    assert len(f.read(10000)) == 10000
    f.seek(0, os.SEEK_END)
    f.write(b"end")
with open("holes", "r+b") as f:
    f.seek(500000)
    f.write(b"y" * 5000)

# exchanged, linked, removed and made again
libc = ctypes.CDLL(None, use_errno=True)
assert libc.renameat2(-100, b"swap/a", -100, b"swap/b", 2) == 0
assert open("swap/a/two").read() == "b\n"
assert open("swap/b/one").read() == "a\n"
os.link("old/deep/file1", "old/empty/first")
os.remove("old/deep/file1")
put("old/deep/file1", "again")
os.remove("old/deep/file2")
os.mkdir("old/deep/file2")
os.rename("old/deep/file3", "old/deep/file4")
os.chmod("old/deep/file5", 0o600)
for name in ("old/deep/none", "old/deep/er/none/none", "old/deep/file6/none"):
    try:
        os.stat(name)
        raise SystemExit("is there")
    except OSError:
        pass
os.makedirs("old/deep/er/none/none")
try:
    os.rmdir("old/deep/er")
    raise SystemExit("was empty")
except OSError:
    pass

# listed before it is changed, and after
assert len(os.listdir("listed")) == 8
os.remove("listed/1")
os.rename("listed/2", "listed/9")
put("listed/10", "ten")
assert len(os.listdir("listed")) == 8
subprocess.run(["rm", "-r", "gone"], check=True)
subprocess.run(["cp", "-a", "keep", "kept"], check=True)
subprocess.run(["mv", "keep", "old/empty/"], check=True)
os.chdir("old/empty/keep/x")
assert open("y").read() == "kept\n"
os.rename("../x", "../z")
put("y", "more", "a")
os.rename("../../keep", "../../../keep")
put("w", "more")

# what nothing has touched is not in the replay
os.chdir("../../..")
for directory, _, files in os.walk("."):
    for name in files:
        if os.path.islink(f"{directory}/{name}"):
            os.readlink(f"{directory}/{name}")
        else:
            open(f"{directory}/{name}", "rb").read()
PROGRAM
}

scenario changes . /usr/bin/python3 -I program.py
scenario_as_user changes_user . /usr/bin/python3 -I program.py
done_testing
