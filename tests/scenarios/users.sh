#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A program of root that lets other users do things, who are refused what root is not: a replay has one user.
# shellcheck source=../scenario_lib.sh
. "$TESTS/scenario_lib.sh"

if ! is_root; then
	skip "users" "only root may become others"
	done_testing
	exit
fi
cat > users.py <<'PY'
import mmap, os, threading

def refused(call, *args):
    try:
        call(*args)
    except PermissionError:
        return
    raise SystemExit(f"{call.__name__}{args} was not refused")

def tries():
    refused(os.open, "secret", os.O_RDONLY)
    refused(os.open, "secret", os.O_WRONLY | os.O_TRUNC)
    refused(os.open, "d/new", os.O_WRONLY | os.O_CREAT)
    refused(os.stat, "d/f")
    refused(os.unlink, "d/f")
    refused(os.rename, "d/f", "f")
    refused(os.mkdir, "d/e")
    refused(os.chmod, "secret", 0o644)
    refused(os.chown, "secret", 65534, 65534)
    refused(os.truncate, "secret", 0)
    refused(os.setxattr, "secret", "user.a", b"x")
    with open(f"mine{threading.get_native_id() == os.getpid()}", "w") as f:
        f.write("mine")
    with open(f.name, "rb") as f: # whoever asks
        refused(mmap.mmap, f.fileno(), 4, mmap.MAP_SHARED, mmap.PROT_WRITE)

os.chmod(".", 0o777)
os.mkdir("d", 0o700)
for name in "secret", "d/f":
    with open(name, "w") as f:
        f.write("secret")
    os.chmod(name, 0o600)
if os.fork() == 0:
    os.setgroups([])
    os.setresgid(65534, 65534, 65534)
    os.seteuid(65534)
    tries()
    thread = threading.Thread(target=tries)
    thread.start()
    thread.join()
    if os.fork() == 0:
        refused(os.rmdir, "d/none")
        os._exit(0)
    assert os.wait()[1] == 0
    os.seteuid(0)
    os.rename("d/f", "f")
    os._exit(0)
assert os.wait()[1] == 0
os.unlink("secret")
PY
setup() { :; }
scenario users . /usr/bin/python3 "$TEST_TMP/users.py"
equal "left out with a reason and a count" "$("$IORIOT" -c users/run.capture -r again.replay -n users --root users/root |
	grep -o '[0-9]*  refused to .*')" "23  refused to another user than the one it began as"
check "what anybody is refused is refused again" test "$(grep -c -- '|-EACCES|mmap@' users/run.replay)" -eq 2
done_testing
