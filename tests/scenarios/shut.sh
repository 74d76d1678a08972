#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A program that stands below a directory which lets nobody through by now, and what it finds there: by
# its current directory, and by a descriptor.
# shellcheck source=../scenario_lib.sh
. "$TESTS/scenario_lib.sh"

setup() {
	mkdir -p way/here/deep way/there/deep
	seq 1000 | tee way/here/read > way/there/read
	touch way/here/deep/read way/there/deep/read way/here/shut way/there/shut
	chmod 0 way/here/shut way/there/shut
	ln -s deep way/here/link
	truncate -s 1M way/here/hole
	cat > program.py <<'PROGRAM'
import os


def refused(name, there):
    try:
        os.open(name, os.O_RDONLY, dir_fd=there)
        return False
    except PermissionError:
        return True


def look(there=None):
    fd = os.open("read", os.O_RDWR, dir_fd=there)
    assert len(os.read(fd, 5000)) == 3893
    os.close(os.open("deep/read", os.O_WRONLY | os.O_APPEND, dir_fd=there))
    assert not os.access("shut", os.R_OK, dir_fd=there)
    assert os.getuid() == 0 or refused("shut", there)
    os.rename("deep/read", "moved", src_dir_fd=there, dst_dir_fd=there)
    os.mkdir("new", dir_fd=there)


here = os.open("way/here", os.O_RDONLY)
there = os.open("way/there", os.O_RDONLY)
way = os.open("way", os.O_RDONLY)
os.chdir("way/here")
os.fchmod(way, 0o600)
if os.getuid():
    for path in ("../here/read", "../there/read"):
        try:
            os.stat(path)
            raise SystemExit(path + " is not shut")
        except PermissionError:
            pass
    look()
    assert os.stat("link/.").st_mode == os.stat("deep").st_mode
    assert os.stat("hole").st_size == 1 << 20
    look(there)
os.fchmod(way, 0o755)
PROGRAM
}

scenario_as_user shut way /usr/bin/python3 -I program.py
done_testing
