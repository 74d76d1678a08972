# SPDX-License-Identifier: Apache-2.0
"""The guest: a stock Debian kernel and an initramfs of installed programs, both cached by content.

The kernel is the image package of exactly the version that the installed headers have
(linux-headers-*-cloud-amd64), fetched with apt-get and unpacked, not installed; or, without our modules, that of an
older Debian, whose lists of packages apt-get keeps for itself.

The cache is $XDG_CACHE_HOME/ioriot-vm, else build/vm, else what the scripts of one run of tests/run share.
Names in it contain a checksum of what they were made of; they are made under another name and renamed when complete, under a lock: concurrent and
interrupted runs do no harm. What was not used for two weeks is removed.
"""
import collections
import contextlib
import fcntl
import glob
import hashlib
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time

from cpio import Archive

HERE = pathlib.Path(__file__).resolve().parent
SOURCE = HERE.parents[1]
STAPUSR, STAPDEV = 106, 105
PASSWD = """root:x:0:0::/root:/bin/bash
daemon:x:1:1::/:/bin/sh
user:x:1000:1000::/home/user:/bin/bash
stapuser:x:1001:1001::/home/stapuser:/bin/bash
stapdever:x:1002:1002::/home/stapdever:/bin/bash
nobody:x:65534:65534::/:/bin/sh
"""
GROUP = f"""root:x:0:
daemon:x:1:
user:x:1000:
stapuser:x:1001:
stapdever:x:1002:
stapdev:x:{STAPDEV}:stapdever
stapusr:x:{STAPUSR}:stapuser,stapdever
nogroup:x:65534:
"""

BUSYBOX = "/bin/busybox"
PROGRAMS = """bash dash tar gzip zstd sqlite3 strace sed grep find xargs setpriv unshare flock findmnt
cat cp cut cksum dd env head id ln ls mkdir mv nproc od rm rmdir seq sha256sum sleep sort split stat sync tail tee
timeout touch tr true truncate uniq wc staprun /usr/lib/systemtap/stapio kmod cmp diff python3.11 mke2fs btrfs""".split()
LINKS = {"sh": "dash", "python3": "python3.11", "modprobe": "kmod", "insmod": "kmod",
         "rmmod": "kmod", "lsmod": "kmod", "modinfo": "kmod"}
MODULES = "virtio_pci virtio_blk xfs btrfs overlay loop dm_mod dm_multipath dm_round_robin".split()
# What tests/*.py and jobs import; the files that these lead to are taken along.
PYTHON = "argparse array bisect collections ctypes errno fcntl fnmatch json mmap os re shutil signal stat struct subprocess sys time"


class Impossible(Exception):
    """This user cannot have a guest here; the sentence says why."""


class Failed(Exception):
    """Something that should have worked did not."""


def say(text):
    print(f"vm: {text}", file=sys.stderr, flush=True)


def run(*command, **options):
    done = subprocess.run(command, capture_output=True, text=True, check=False, **options)
    if done.returncode:
        raise Failed(f"{' '.join(command)}: status {done.returncode}: "
                     f"{(done.stderr or done.stdout).strip()[-2000:]}")
    return done.stdout


def which(name, package):
    """Its path. Not everybody may execute staprun, but it can be read."""
    path = shutil.which(name, os.F_OK, "/usr/sbin:/usr/bin:/sbin:/bin")
    if not path:
        sentence = f"{name} is not installed (Debian: {package})"
        raise Failed(sentence + '; "make deps" installs it') if os.getuid() == 0 else Impossible(sentence)
    return path


# ---- the cache


def cache_directory():
    """Made when it is not there. An ordinary user may be unable to write to build/."""
    base = os.environ.get("XDG_CACHE_HOME")
    wanted = [pathlib.Path(base) / "ioriot-vm"] if base else [SOURCE / "build/vm"]
    if "TEST_COMMON" in os.environ:
        wanted.append(pathlib.Path(os.environ["TEST_COMMON"]) / "vm")
    for path in wanted:
        with contextlib.suppress(OSError):
            path.mkdir(parents=True, exist_ok=True)
        if os.access(path, os.W_OK):
            return path
    raise Failed(f"cannot write to {wanted[0]}; XDG_CACHE_HOME=DIR names another cache")


def remove_old(cache):
    for path in cache.iterdir():
        if path.name != "lock" and path.stat().st_mtime < time.time() - 14 * 86400:
            shutil.rmtree(path) if path.is_dir() else path.unlink()


@contextlib.contextmanager
def locked():
    """The cache directory, which nobody else changes in the meantime."""
    cache = cache_directory()
    with open(cache / "lock", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield cache


def cached(name, make):
    """The path of NAME in the cache; make(path) makes it, a file or a directory, when it is not there."""
    with locked() as cache:
        path = cache / name
        if not path.exists():
            remove_old(cache)
            with tempfile.TemporaryDirectory(prefix="new.", dir=cache) as new:
                make(pathlib.Path(new) / name)
                os.rename(pathlib.Path(new) / name, path)
        os.utime(path)
    return path


# ---- the kernel


def release():
    """The release whose headers are installed: the newest one, as "6.1.0-56-cloud-amd64"."""
    def order(name):
        return [int(n) for n in re.findall(r"\d+", name)]
    found = glob.glob("/usr/src/linux-headers-*-cloud-amd64")
    if not found:
        sentence = "no kernel headers (Debian: linux-headers-cloud-amd64)"
        raise Failed(sentence + '; "make deps" installs them') if os.getuid() == 0 else Impossible(sentence)
    return max(found, key=order).removeprefix("/usr/src/linux-headers-")


Kernel = collections.namedtuple("Kernel", "release directory")


def kernel():
    """That of the installed headers: the directory is that of the unpacked image package."""
    rel = release()
    version = run("dpkg-query", "-W", "-f", "${Version}", f"linux-headers-{rel}")
    package = f"linux-image-{rel}={version}"

    def fetch(path):
        with tempfile.TemporaryDirectory(dir=path.parent) as tmp:
            say(f"fetching {package}")
            try:
                run("apt-get", "-q", "-o", "APT::Sandbox::User=root", "download", package, cwd=tmp)
            except Failed as e:
                raise Failed(f"the guest's kernel, {package}, cannot be fetched; it must have the version of "
                             "the installed headers. Try: apt-get update; apt-get install "
                             f"linux-headers-cloud-amd64. {e}") from e
            run("dpkg", "-x", glob.glob(f"{tmp}/*.deb")[0], str(path))
        run(which("depmod", "kmod"), "-b", str(path), rel)

    return Kernel(rel, cached(f"linux-image-{rel}_{version.replace(':', '_')}", fetch))


OLD_SUITE = "bullseye"  # has Linux 5.10
KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
MIRROR = "http://deb.debian.org/debian"


def apt_of(suite, path):
    """Options of apt-get that make it know SUITE and nothing else; what it notes is below PATH."""
    (path / "lists/partial").mkdir(parents=True)
    (path / "cache/archives/partial").mkdir(parents=True)
    (path / "sources.list").write_text(f"deb [signed-by={KEYRING}] {MIRROR} {suite} main\n", encoding="ascii")
    values = {"Dir::Etc::SourceList": path / "sources.list", "Dir::Etc::SourceParts": "/nonexistent",
              "Dir::State::Lists": path / "lists", "Dir::Cache": path / "cache", "Acquire::Languages": "none",
              "APT::Sandbox::User": "root", "Acquire::Check-Valid-Until": "false"}
    return [part for name, value in values.items() for part in ("-o", f"{name}={value}")]


def old_kernel():
    """That of an older Debian. Impossible where its archive cannot be reached."""
    def fetch(path):
        with tempfile.TemporaryDirectory(dir=path.parent) as tmp:
            options = apt_of(OLD_SUITE, pathlib.Path(tmp) / "apt")
            say(f"fetching the kernel of Debian {OLD_SUITE}")
            try:
                run("apt-get", "-q", *options, "update")
                depends = run("apt-cache", *options, "depends", "--important", "linux-image-cloud-amd64")
                package = re.search(r"Depends: (linux-image-[0-9]\S*)", depends).group(1)
                run("apt-get", "-q", *options, "download", package, cwd=tmp)
            except (Failed, AttributeError) as e:
                raise Impossible(f"the kernel of Debian {OLD_SUITE} cannot be fetched: {e}") from e
            run("dpkg", "-x", glob.glob(f"{tmp}/*.deb")[0], str(path))
        run(which("depmod", "kmod"), "-b", str(path), os.listdir(path / "lib/modules")[0])

    directory = cached(f"linux-image-{OLD_SUITE}", fetch)
    return Kernel(os.listdir(directory / "lib/modules")[0], directory)


def module_files(directory, rel):
    """Paths, relative to DIRECTORY, of MODULES and all that they need; and the indexes of modprobe."""
    base = f"lib/modules/{rel}"
    found = [os.path.relpath(p, directory) for p in glob.glob(f"{directory}/{base}/modules.*")]
    for module in MODULES:
        lines = run(which("modprobe", "kmod"), "-d", str(directory), "-S", rel, "--show-depends", module)
        for line in lines.splitlines():
            if line.startswith("insmod "):
                found.append(os.path.relpath(line.split()[1], directory))
    return list(dict.fromkeys(found))


# ---- the initramfs


def libraries(program):
    """What the loader loads for PROGRAM, the loader included."""
    done = subprocess.run(["ldd", program], capture_output=True, text=True, check=False)
    return re.findall(r"(/\S+) \(0x", done.stdout)


def with_libraries(program, place=None):
    """{path in the guest: path here} of PROGRAM and its libraries."""
    files = {place or program: program}
    for path in libraries(program):
        files[path] = path
    return files


def python_files():
    code = (f"import {PYTHON.replace(' ', ', ')}, encodings.utf_8, encodings.ascii, encodings.latin_1, "
            "encodings.idna\nimport sys\nprint(*{m.__file__ for m in sys.modules.values() "
            "if getattr(m, '__file__', None)}, sep='\\n')")
    return [p for p in run("/usr/bin/python3", "-I", "-c", code).split() if p.startswith("/usr/lib/")]


def base_files():
    files = {}
    for name in PROGRAMS:
        path = name if name.startswith("/") else which(name, name)
        files.update(with_libraries(path))
    for path in python_files():
        files.update(with_libraries(path) if path.endswith(".so") else {path: path})
    files.update(with_libraries(BUSYBOX, "/usr/bin/busybox"))
    files["/init"] = str(HERE / "init")
    files["/usr/lib/ioriot/job_lib.sh"] = str(HERE / "job_lib.sh")
    for name in ("treecmp.py", "capture_check.py"):
        files[f"/usr/lib/ioriot/{name}"] = str(SOURCE / "tests" / name)
    return files


def merged(path):
    """Where PATH is when /bin, /sbin and /lib* are links into /usr, as in Debian."""
    path = re.sub(r"^/(bin|sbin|lib|lib64)/", r"/usr/\1/", path)
    return path.replace("/usr/sbin/", "/usr/bin/")


def checksum(files, *more):
    total = hashlib.sha256("\0".join(more).encode())
    for place, path in sorted(files.items()):
        with open(path, "rb") as f:
            total.update(f"{place}\0{os.stat(path).st_mode}\0".encode())
            total.update(hashlib.file_digest(f, "sha256").digest())
    return total.hexdigest()[:20]


def write_base(out, files, kernel_directory, rel):
    archive = Archive(out)
    for name in ("bin", "lib", "lib64"):
        archive.directory(f"usr/{name}")
        archive.link(name, f"usr/{name}")
    archive.link("sbin", "usr/bin")
    archive.link("usr/sbin", "bin")
    for name in ("proc", "sys", "dev", "run", "out", "mnt", "home", "root", "opt", "var"):
        archive.directory(name)
    for name in ("tmp", "var/tmp"):
        archive.directory(name, 0o1777)
    for name, text in {"passwd": PASSWD, "group": GROUP, "hostname": "guest\n",
                       "hosts": "127.0.0.1 localhost guest\n",
                       "nsswitch.conf": "passwd: files\ngroup: files\nhosts: files\n"}.items():
        archive.file(f"etc/{name}", text.encode())
    done = set()
    for place, path in sorted(files.items()):
        place = merged(place)
        if place in done:
            continue
        done.add(place)
        mode = 0o755 if os.access(path, os.X_OK) or place == "/init" else 0o644
        setuid = os.path.basename(place) == "staprun"
        archive.file(place, pathlib.Path(path).read_bytes(), 0o4754 if setuid else mode,
                     STAPUSR if setuid else 0)
    for name, target in LINKS.items():
        archive.link(f"usr/bin/{name}", target)
    for path in module_files(kernel_directory, rel):
        archive.file(path.replace("lib/", "usr/lib/", 1), (kernel_directory / path).read_bytes())
    archive.close()


def initramfs(of):
    """The path of the base archive for the kernel OF; a job's own files are appended to it."""
    (rel, directory), files = of, base_files()
    key = checksum(files, directory.name, (HERE / "image.py").read_text(), (HERE / "cpio.py").read_text())

    def make(path):
        say(f"building the guest's initramfs for Linux {rel}")
        with open(path, "wb") as out:
            write_base(out, files, directory, rel)

    return cached(f"base-{key}.cpio", make)


# ---- disks

DISKS = {"ext4": ("1G", ("mke2fs", "-q", "-F", "-t", "ext4"), "e2fsprogs"),
         "xfs": ("512M", ("mkfs.xfs", "-q", "-f"), "xfsprogs"),
         "btrfs": ("512M", ("mkfs.btrfs", "-q", "-f"), "btrfs-progs"),
         "home": ("256M", ("mke2fs", "-q", "-F", "-t", "ext4"), "e2fsprogs")}


def disks():
    """The directory of empty file systems NAME.img, never written to: guests work on snapshots."""
    key = checksum({}, repr(DISKS), *(run("dpkg-query", "-W", "-f", "${Version}", package)
                                      for _, _, package in DISKS.values()))

    def make(path):
        path.mkdir()
        for name, (size, command, package) in DISKS.items():
            image = path / f"{name}.img"
            run("truncate", "-s", size, str(image))
            run(which(command[0], package), *command[1:], str(image))

    return cached(f"disks-{key}", make)


# ---- the modules under test


def modules():
    """The modules built for the guest's kernel: in the sources, or in the cache where these are not ours."""
    rel, sources = release(), SOURCE / "systemtap"
    with locked() as cache:
        out = sources / "build" / rel
        if not os.access(out if out.exists() else sources, os.W_OK):
            out = cache / f"modules-{rel}"
        run("make", "-s", "-C", str(sources), f"KERNEL={rel}", f"OUT={out}")
    return sorted(out.glob("*.ko"))
