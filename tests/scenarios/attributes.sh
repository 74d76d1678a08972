#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Extended attributes and access control lists: set, read back, copied by cp, by threads.
# shellcheck source=../scenario_lib.sh
. "$TESTS/scenario_lib.sh"

if ! python3 -c 'import os, sys
open("probe", "w").close()
os.setxattr("probe", "user.probe", b"x")'; then
	skip "attributes" "this file system has no extended attributes"
	done_testing
	exit
fi

setup() {
	mkdir new old
	seq 1000 > old/file
	chmod 640 old/file
	ln -s file old/link
	touch listed acl
	# with a link upwards the replay looks where a path leads before it sets something
	[ "$(id -u)" -ne 0 ] || ln -s ../old new/up
	python3 -c 'import os
os.setxattr("old/file", "user.start", b"some")
os.setxattr("old", "user.directory", b"d" * 100)
os.setxattr("listed", "user.first name", b"1")
os.setxattr("listed", "user.second", b"2" * 200)
import struct
entries = ((1, 7, -1), (2, 5, 65533), (4, 1, -1), (16, 5, -1), (32, 0, -1))
os.setxattr("acl", "system.posix_acl_access",
            struct.pack("<I", 2) + b"".join(struct.pack("<HHi", *e) for e in entries))'
	cat > program.py <<'PROGRAM'
import errno, os, struct, subprocess, threading

OWNER, GROUP, OTHER, ANY = 1, 4, 32, 0xffffffff


def acl(owner, group, other):
    return struct.pack("<I" + "HHI" * 3, 2, OWNER, owner, ANY, GROUP, group, ANY, OTHER, other, ANY)


def fails(code, call, *args):
    try:
        call(*args)
    except OSError as e:
        assert e.errno == code, e
        return
    raise SystemExit("a call worked that cannot")


# What was there before.
assert os.getxattr("old/file", "user.start") == b"some"
assert os.listxattr("old/link") == ["user.start"]
fails(errno.EEXIST, os.setxattr, "old/file", "user.start", b"other", os.XATTR_CREATE)
os.setxattr("old/file", "user.start", b"replaced", os.XATTR_REPLACE)
assert len(os.getxattr("old/file", "user.start")) == 8
os.removexattr("old/file", "user.start")
fails(errno.ENODATA, os.getxattr, "old/file", "user.start")

assert len(os.getxattr("old", "user.directory")) == 100

# Known by the length of the list, and one of them by name.
assert len(os.listxattr("listed")) == 2
assert len(os.getxattr("listed", "user.second")) == 200
os.remove("listed")
# An access control list that has a mask and a named user.
assert len(os.getxattr("acl", "system.posix_acl_access")) == 44
assert os.listxattr("acl") == ["system.posix_acl_access"]
assert os.stat("acl").st_mode & 0o777 == 0o750
subprocess.run(["cp", "-p", "acl", "new/acl"], check=True)
os.removexattr("acl", "system.posix_acl_access")
fails(errno.ENODATA, os.getxattr, "acl", "system.posix_acl_access")

# Lists that are set: what they say of others than the owner is in the mask, which is a permission bit of the file.
def named(owner, user, mask, ids=(65532,)):
    entries = [(OWNER, owner, ANY)] + [(2, user, n) for n in ids] + [(GROUP, 4, ANY), (16, mask, ANY), (OTHER, 0, ANY)]
    return struct.pack("<I", 2) + b"".join(struct.pack("<HHI", *e) for e in entries)


if os.path.lexists("new/up"):
    assert os.stat("new/up/file").st_size

for name in "listed-file", "listed-twice", "unlisted":
    os.close(os.open("new/" + name, os.O_RDWR | os.O_CREAT, 0o600))
    os.setxattr("new/" + name, "system.posix_acl_access", named(7, 5, 6))
    assert os.stat("new/" + name).st_mode & 0o777 == 0o760
    assert len(os.getxattr("new/" + name, "system.posix_acl_access")) == 44
    assert os.listxattr("new/" + name) == ["system.posix_acl_access"]
os.setxattr("new/listed-twice", "system.posix_acl_access", named(6, 7, 5, ids=(1, 2, 4000000000)))
assert len(os.getxattr("new/listed-twice", "system.posix_acl_access")) == 60
os.chmod("new/listed-twice", 0o710)  # moves the mask
assert os.stat("new/listed-twice").st_mode & 0o777 == 0o710
os.setxattr("new/unlisted", "system.posix_acl_access", acl(7, 4, 1))
fails(errno.ENODATA, os.getxattr, "new/unlisted", "system.posix_acl_access")
assert os.listxattr("new/unlisted") == [] and os.stat("new/unlisted").st_mode & 0o777 == 0o741
fails(errno.EINVAL, os.setxattr, "new/unlisted", "system.posix_acl_access", named(7, 5, 6)[:-3])
fails(errno.ENOENT, os.setxattr, "new/none", "system.posix_acl_access", named(7, 5, 6))
subprocess.run(["cp", "-p", "new/listed-twice", "new/listed-copy"], check=True)
with os.scandir("new") as entries:
    assert {e.name for e in entries if os.listxattr(e.path, follow_symlinks=False)} == {"acl", "listed-file", "listed-twice", "listed-copy"}

fd = os.open("new/file", os.O_RDWR | os.O_CREAT, 0o644)
os.setxattr(fd, "user.a/../b", b"x" * 300)
os.setxattr("new/file", "user.%fd", b"")
os.setxattr("new/file", "user.gone", b"gone", os.XATTR_CREATE)
assert sorted(os.listxattr(fd)) == ["user.%fd", "user.a/../b", "user.gone"]
assert os.getxattr("new/file", "user.%fd") == b""
os.rename("new/file", "new/other")
os.removexattr("new/other", "user.gone", follow_symlinks=False)
fails(errno.ENODATA, os.removexattr, "new/other", "user.gone")
fails(errno.ENODATA, os.setxattr, fd, "user.none", b"x", os.XATTR_REPLACE)
fails(errno.EOPNOTSUPP, os.setxattr, fd, "nonsense", b"x")
fails(errno.ENOENT, os.getxattr, "new/none", "user.a")
os.mkdir("new/dir")
os.setxattr("new/dir", "user.dir", b"directory")

# Access control lists that say no more than permission bits do.
os.setxattr("new/dir", "system.posix_acl_access", acl(7, 5, 0))
os.setxattr(fd, "system.posix_acl_access", acl(6, 0, 4))
assert os.fstat(fd).st_mode & 0o777 == 0o604
for n, copy in enumerate((["-p"], ["-a"], ["--preserve=all"], [])):
    os.umask(0o027 if n % 2 else 0o022)
    subprocess.run(["cp", *copy, "old/file", f"new/file{n}"], check=True)
    subprocess.run(["cp", *copy, "new/other", f"new/other{n}"], check=True)
subprocess.run(["install", "-m", "751", "old/file", "new/installed"], check=True)
subprocess.run(["ls", "-lR", "."], check=True, stdout=subprocess.DEVNULL)


def toggle(n):
    for _ in range(30):
        os.setxattr(fd, "user.%d" % n, b"own", os.XATTR_CREATE)
        os.setxattr("new/other", "user.shared", b"%d" % n)
        assert len(os.getxattr(fd, "user.shared")) == 1
        os.removexattr("new/other", "user.%d" % n)
        fails(errno.ENODATA, os.getxattr, fd, "user.%d" % n)


threads = [threading.Thread(target=toggle, args=(n,)) for n in range(4)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
os.setxattr(fd, "user.shared", b"end")
PROGRAM
}

scenario attributes . python3 program.py
scenario_as_user attributes-user . python3 program.py
done_testing
