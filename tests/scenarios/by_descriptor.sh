#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Files that are named by a descriptor: /proc/self/fd/N, /proc/PID/fd/N, /proc/thread-self/fd/N, /dev/fd/N.
# shellcheck source=../scenario_lib.sh
. "$TESTS/scenario_lib.sh"

setup() {
	seq 3000 > file
	mkdir dir
	cat > program.py <<'PROGRAM'
import ctypes, os, subprocess, threading

libc = ctypes.CDLL(None)
with open("file", "rb") as f:
    f.read()
FORMS = "/proc/self/fd/%d", "/proc/thread-self/fd/%d", "/dev/fd/%d", f"/proc/{os.getpid()}/fd/%d"


def use(n, form):
    fd = os.open(f"made{n}", os.O_RDWR | os.O_CREAT, 0o600)
    os.write(fd, b"x" * 5000)
    name = form % fd
    again = os.open(name, os.O_RDONLY)  # a description of its own
    assert len(os.read(again, 100)) == 100 and os.lseek(fd, 0, os.SEEK_CUR) == 5000
    end = os.open(name, os.O_WRONLY | os.O_APPEND)
    os.write(end, b"y" * 10)
    assert os.stat(name).st_size == 5010
    assert os.readlink(name) == os.path.abspath(f"made{n}")
    os.chmod(name, 0o640)
    os.utime(name, (1600000000, 1600000000))
    os.access(name, os.W_OK)
    assert libc.linkat(-100, name.encode(), -100, b"linked%d" % n, 0x400) == 0  # AT_SYMLINK_FOLLOW
    os.truncate(name, 3000)
    os.truncate(name, 9000)
    assert len(os.pread(fd, 100, 2950)) == 100
    os.close(os.open(name, os.O_RDWR | os.O_TRUNC))
    assert os.fstat(fd).st_size == 0
    os.write(os.open(form % end, os.O_WRONLY), b"z" * 20)
    os.unlink(f"made{n}")
    assert os.stat(name).st_nlink == 1
    here = os.open("dir", os.O_RDONLY | os.O_DIRECTORY)
    os.close(os.open(form % here + f"/below{n}", os.O_WRONLY | os.O_CREAT, 0o600))
    os.mkdir(form % here + f"/dir{n}")
    os.rename(form % here + f"/below{n}", form % here + f"/dir{n}/moved")
    for missing in 900, 999:
        try:
            os.open(form % missing, os.O_RDONLY)
            raise SystemExit("a descriptor that is not there")
        except FileNotFoundError:
            pass


for n, form in enumerate(FORMS):
    use(n, form)
threads = [threading.Thread(target=use, args=(n + 4, form)) for n, form in enumerate(FORMS)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
with open("file", "rb") as f:
    for path in "/dev/stdin", "/proc/self/fd/0", "/dev/fd/0":
        subprocess.run(["cat", path], stdin=f, stdout=subprocess.DEVNULL, check=True)
        f.seek(0)
subprocess.run(["sh", "-c", "cat /dev/fd/3 > by-shell; echo more >> /dev/fd/4", "sh"], check=True,
               pass_fds=(), preexec_fn=lambda: (os.dup2(os.open("file", os.O_RDONLY), 3),
                                                os.dup2(os.open("file2", os.O_RDWR | os.O_CREAT, 0o600), 4)),
               close_fds=False)
PROGRAM
}

scenario by-descriptor . python3 program.py
scenario_as_user by-descriptor-user . python3 program.py
done_testing
