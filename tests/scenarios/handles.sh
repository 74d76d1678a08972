#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Files that are opened by their handle, as file servers do: a replay opens the name that they have.
# shellcheck source=../scenario_lib.sh
. "$TESTS/scenario_lib.sh"

setup() {
	mkdir dir
	seq 5000 > dir/file
	seq 100 > dir/other
	cat > program.py <<'PROGRAM'
import ctypes, errno, os, sys

libc = ctypes.CDLL(None, use_errno=True)


class Handle(ctypes.Structure):
    _fields_ = [("bytes", ctypes.c_uint), ("type", ctypes.c_int), ("data", ctypes.c_char * 128)]


def handle_of(path, room=128):
    handle, mount = Handle(room), ctypes.c_int()
    if libc.name_to_handle_at(-100, path.encode(), ctypes.byref(handle), ctypes.byref(mount), 0):
        return ctypes.get_errno()
    return handle


def opened(handle, flags=os.O_RDONLY):
    fd = libc.open_by_handle_at(here, ctypes.byref(handle), flags)
    return fd if fd >= 0 else -ctypes.get_errno()


for name in "dir/file", "dir/other":
    with open(name, "rb") as f:
        f.read()
here = os.open(".", os.O_RDONLY)
file = handle_of("dir/file")
if isinstance(file, int):
    sys.exit(0)  # not on this file system
assert handle_of("dir/file", 0) == errno.EOVERFLOW
assert handle_of("dir/none") == errno.ENOENT
os.rename("dir/file", "renamed")
fd = opened(file, os.O_RDWR)
if fd == -errno.EPERM:
    sys.exit(0)
assert len(os.read(fd, 5000)) == 5000
os.pwrite(fd, b"x" * 100, 20)
os.rename("renamed", "again")
assert len(os.read(opened(file), 100)) == 100
directory = opened(handle_of("dir"), os.O_RDONLY | os.O_DIRECTORY)
assert os.listdir(directory) == ["other"]
os.unlink("again")
assert os.fstat(fd).st_nlink == 0
gone = opened(file)  # it is open, and so it can be
if gone >= 0:
    os.read(gone, 10)
PROGRAM
}

scenario handles . python3 program.py
if is_root; then
	check "opened by name" grep -q '/renamed|O_RDWR|0|>[0-9]*|[0-9]*|openat@' handles/run.replay
else
	skip "opened by name" "only root may open by handle"
fi
scenario_as_user handles-user . python3 program.py
done_testing
