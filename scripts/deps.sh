#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Installs the Debian packages that are missing, and only these. Each is looked for by what it
# brings, so that nothing is installed over a tool from elsewhere, and no network is needed when
# all is there. With "workloads" also what "make workloads" records, with "bench" what "make bench" compares with.
set -u

missing=
why=
need() { # PACKAGE REASON COMMAND...
	package=$1 reason=$2
	shift 2
	"$@" >/dev/null 2>&1 && return
	missing="$missing $package"
	why="$why
  $package: $reason"
}

need gcc "compiler" command -v gcc
need libc6-dev "headers of the C library" test -e /usr/include/stdio.h
need make "build" command -v make
need pkg-config "finds libraries" command -v pkg-config
need libzstd-dev "compressed captures and replays" pkg-config --exists libzstd
need zlib1g-dev "tables in .gz" pkg-config --exists zlib
need libjansson-dev "statistics as JSON" pkg-config --exists jansson
need liburing-dev "replay of io_uring" pkg-config --exists liburing
need nettle-dev "keyed hashes of --anonymize" pkg-config --exists nettle
need libbpf-dev "capture with BPF" pkg-config --exists libbpf
need bpftool "capture with BPF" sh -c 'PATH=$PATH:/usr/sbin command -v bpftool'
need check "unit tests" pkg-config --exists check
need clang "capture with BPF; tests: fuzzing, coverage" command -v clang
need libclang-rt-14-dev "tests: fuzzing, coverage" \
	sh -c 'ls /usr/lib/llvm-*/lib/clang/*/lib/linux/libclang_rt.fuzzer-*'
need llvm-14 "coverage" command -v llvm-cov-14
need python3 "tests; recorded program" test -x /usr/bin/python3
need strace "tests: what a replay touches" command -v strace
need fio "recorded program" command -v fio
need sqlite3 "recorded program" command -v sqlite3
need git "recorded program" command -v git
need zstd "tests: compressed files" command -v zstd
need shellcheck "check of the scripts" command -v shellcheck
need cppcheck "check of the C code" command -v cppcheck
need mandoc "check of the manual pages" command -v mandoc
need chromium "tests: the HTML report" command -v chromium
need chromium-driver "tests: the HTML report" command -v chromedriver
need libdevel-nytprof-perl "tests: flamegraph.pl" test -e /usr/share/perl5/Devel/NYTProf/flamegraph.pl
need util-linux "tests: other users, mounts" command -v setpriv
# On x86 only; Debian has it as a package of its own.
need gcc-multilib "tests: a 32-bit program" \
	sh -c '[ "$(uname -m)" != x86_64 ] || ls /usr/lib/gcc/x86_64-linux-gnu/*/32/libgcc.a'
# What is in sbin is not on the PATH of an ordinary user.
need systemtap "capture of the whole host; tests" command -v stap
need linux-headers-cloud-amd64 "tests: the kernel of the virtual machine" \
	sh -c 'ls -d /usr/src/linux-headers-*-cloud-amd64'
need qemu-system-x86 "tests: the virtual machine" command -v qemu-system-x86_64
need busybox-static "tests: the virtual machine" test -x /bin/busybox
need kmod "tests: the virtual machine" test -x /sbin/depmod
need e2fsprogs "tests: the virtual machine" test -x /sbin/mke2fs
need xfsprogs "tests: the virtual machine" test -x /sbin/mkfs.xfs
need btrfs-progs "tests: the virtual machine" test -x /sbin/mkfs.btrfs

if [ "${1-}" = bench ]; then
	need linux-perf "compared with" command -v perf
	need bpftrace "compared with" command -v bpftrace
fi

if [ "${1-}" = workloads ]; then
	need stress-ng "recorded program" command -v stress-ng
	need dbench "recorded program" command -v dbench
	need rsync "recorded program" command -v rsync
	need rocksdb-tools "recorded program" command -v db_bench
	need postgresql "recorded program" sh -c 'ls /usr/lib/postgresql/*/bin/initdb'
fi

[ -z "$missing" ] && exit 0

# The names must be split into words.
# shellcheck disable=SC2086
set -- $missing
echo "deps: missing:$why"
if ! command -v apt-get >/dev/null 2>&1; then
	echo "deps: no apt-get here; please install what brings these: $*" >&2
	exit 1
fi
sudo=
if [ "$(id -u)" -ne 0 ]; then
	sudo=sudo
	if ! command -v sudo >/dev/null 2>&1; then
		echo "deps: needs root. Run: apt-get install $*" >&2
		exit 1
	fi
fi
echo "deps: installing with: ${sudo:+$sudo }apt-get install -y --no-install-recommends $*"
if ! { $sudo apt-get update -qq &&
	$sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@"; }; then
	echo "deps: failed. Run as root: apt-get install $*" >&2
	exit 1
fi
