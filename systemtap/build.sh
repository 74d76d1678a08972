#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# usage: systemtap/build.sh KERNEL DIRECTORY MODULE VARIANT
#
# Builds MODULE.ko for the kernel release KERNEL from its headers alone, in DIRECTORY. VARIANT is the
# number of it in enum variant (control.h). HEADERS says where the headers are that are not in one of
# the usual places. What is missing is said in one line.
set -u
here=$(cd "$(dirname "$0")" && pwd) || exit 1
# shellcheck source=quirks.sh
. "$here/quirks.sh"

kernel=$1 out=$2 module=$3 variant=$4
fail() {
	echo "$module.ko for $kernel: $*" >&2
	exit 1
}

# --- what is there ---

find_headers() {
	for headers in ${HEADERS:+"$HEADERS"} "/lib/modules/$kernel/build" "/usr/src/linux-headers-$kernel" \
		"/usr/src/kernels/$kernel"; do
		[ -e "$headers/include/config/auto.conf" ] && return
	done
	fail "no headers of this kernel. On Debian: apt-get install linux-headers-$kernel"
}

# A file of the kernel's include/, also where the packages share one tree among flavours.
header() { # FILE
	common=$(sed -n 's/^include \(.*\)\/Makefile$/\1/p' "$headers/Makefile" | head -n 1)
	for tree in "$headers" "$headers/source" "$common"; do
		[ -e "$tree/include/$1" ] && echo "$tree/include/$1" && return
	done
}

check_stap() {
	command -v stap >/dev/null 2>&1 ||
		fail "SystemTap is not installed. On Debian: apt-get install systemtap"
	version=$(stap -V 2>&1 | sed -n 's/.*version \([0-9.]*\).*/\1/p' | head -n 1)
	oldest=$(printf '%s\n%s\n' "$STAP_OLDEST" "$version" | sort -V | head -n 1)
	[ "$oldest" = "$STAP_OLDEST" ] ||
		fail "SystemTap $version is too old: $STAP_OLDEST or later is needed"
}

check_compiler() {
	compiler=$(sed -n 's/^CONFIG_CC_VERSION_TEXT="\([^ ]*\) .*/\1/p' \
		"$headers/include/config/auto.conf")
	command -v "${compiler:-gcc}" >/dev/null 2>&1 ||
		fail "the kernel was built with $compiler, which is not installed." \
			"On Debian: apt-get install $compiler"
}

check_config() {
	for option in MODULES RELAY TRACEPOINTS HAVE_SYSCALL_TRACEPOINTS PROC_FS; do
		grep -q "^CONFIG_$option=y" "$headers/include/config/auto.conf" ||
			fail "this kernel was built without CONFIG_$option"
	done
}

# --- SystemTap's runtime, made to fit ---

copy_runtime() {
	rm -rf "$out/runtime.new"
	cp -a "${SYSTEMTAP_RUNTIME:-/usr/share/systemtap/runtime}" "$out/runtime.new" ||
		fail "SystemTap's runtime cannot be copied"
	quirks | while IFS='|' read -r file head word change; do
		path=$(header "$head")
		if [ -n "$path" ] && grep -qw "$word" "$path" &&
			! grep -qw "$word" "$out/runtime.new/$file"; then
			sed -i "$change" "$out/runtime.new/$file"
		fi
	done
	rm -rf "$out/runtime"
	mv "$out/runtime.new" "$out/runtime"
}

# --- what it tells of other layers ---

layer_hooks() {
	case $(uname -m) in
	x86_64) arch=x86 ;;
	aarch64) arch=arm64 ;;
	*) arch=$(uname -m) ;;
	esac
	header=$(header linux/kernel.h)
	tree=${header%/include/linux/kernel.h}
	set -- "$tree/include" "$tree/arch/$arch/include"
	"$here/layer_hooks.sh" "$@" > "$out/layer_hooks.h" || fail "its tracepoints cannot be looked up"
	"$here/layer_hooks.sh" --headers "$@" > "$out/trace_headers.h" || fail "its tracepoints cannot be looked up"
}

find_headers
check_stap
check_compiler
check_config
mkdir -p "$out" || exit 1
out=$(cd "$out" && pwd)
# Two builds at once would fill the same directory.
exec 9>"$out/lock"
flock 9
copy_runtime
layer_hooks

# Else stap looks whether this host, not that kernel, wants signed modules.
export SYSTEMTAP_NOSIGN=1
export SYSTEMTAP_DIR="$out/cache"
mkdir -p "$out/work"
cd "$out/work" || exit 1
if ! stap -g --suppress-time-limits -p4 -r "$headers" -R "$out/runtime" -m "$module" \
	-D "IORIOT_VARIANT=$variant" \
	-B "KCPPFLAGS=-I$here -I$here/../src -I$out" "$here/ioriot.stp" >"$out/$module.log" 2>&1; then
	grep -v '^WARNING: Kernel function symbol table' "$out/$module.log" >&2
	fail "stap failed"
fi
mv "$module.ko" "$out/$module.ko"
