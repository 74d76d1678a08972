#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# time-limit: 900
# The SystemTap modules: they build from headers alone, agree with ioriot, and what is missing is said.
# shellcheck source=../lib.sh
. "$TESTS/lib.sh"

release=$(find /usr/src -maxdepth 1 -name 'linux-headers-*-cloud-amd64' -printf '%f\n' |
	sed 's/^linux-headers-//' | sort -V | tail -n 1)
modules="ioriot targetedioriot javaioriot"

# What modinfo says of a file, without the program, which is in sbin.
field() { # FILE NAME
	tr '\0' '\n' <"$1" | sed -n "s/^$2=//p" | head -n 1
}

built() {
	local out=$SOURCE/systemtap/build/$release module file tables
	tables=$("$SOURCE/scripts/tables.sh" | grep -o '[0-9]*')
	for module in $modules; do
		file=$out/$module.ko
		equal "$module: its name" "$(field "$file" name)" "$module"
		equal "$module: its licence" "$(field "$file" license)" GPL
		equal "$module: its kernel" "$(field "$file" vermagic | cut -d' ' -f1)" "$release"
		check "$module: its tables" grep -q "^$tables\$" <(tr '\0' '\n' <"$file")
	done
	equal "the tables of ioriot" "$(grep -o '[0-9]*' "$SOURCE/build/tables.h")" "$tables"
	equal "nothing is built twice" "$(make -s -C "$SOURCE/systemtap" "KERNEL=$release" 2>&1)" ""
}

installed() {
	local dir=$TEST_TMP/dest/opt/ioriot/systemtap/$release module
	check "install" make -s -C "$SOURCE/systemtap" install "KERNEL=$release" \
		"DESTDIR=$TEST_TMP/dest" PREFIX=/opt/ioriot
	for module in $modules; do
		check "install: $module" cmp "$dir/$module.ko" \
			"$SOURCE/systemtap/build/$release/$module.ko"
	done
}

# build NAME STATUS REGEX [ENVIRONMENT...]: what build.sh says in one line.
build() {
	local name=$1 status=$2 regex=$3
	shift 3
	status_is "$name" "$status" env "$@" "$SOURCE/systemtap/build.sh" 0.0.0-none \
		"$TEST_TMP/out" ioriot 0 && says "$name: sentence" "^ioriot.ko for 0.0.0-none: $regex"
}

# A PATH without stap and compilers.
poor_path() { # DIRECTORY
	local tool
	mkdir -p "$1"
	for tool in bash env sed head sort grep printf dirname flock cp rm mv mkdir; do
		ln -s "$(command -v "$tool")" "$1/$tool"
	done
}

fake_headers() { # LINES
	mkdir -p "$TEST_TMP/headers/include/config"
	printf '%s\n' "$@" >"$TEST_TMP/headers/include/config/auto.conf"
	touch "$TEST_TMP/headers/Makefile"
}

fake_stap() { # VERSION
	printf '#!/bin/sh\necho "Systemtap translator/driver (version %s/0.1, Debian)" >&2\n' "$1" \
		>"$TEST_TMP/bin/stap"
	chmod +x "$TEST_TMP/bin/stap"
}

missing() {
	local given=(HEADERS="$TEST_TMP/headers" PATH="$TEST_TMP/bin")
	poor_path "$TEST_TMP/bin"
	build "no headers" 1 "no headers .*apt-get install linux-headers-0.0.0-none"
	fake_headers 'CONFIG_CC_VERSION_TEXT="gcc-99 (Debian) 99.1.0"' CONFIG_MODULES=y
	build "no SystemTap" 1 "SystemTap is not installed.*apt-get install systemtap" "${given[@]}"
	fake_stap 4.2
	build "an old SystemTap" 1 "SystemTap 4.2 is too old: 4.8 " "${given[@]}"
	fake_stap 5.1
	build "no compiler" 1 ".*gcc-99, which is not installed.*apt-get install gcc-99" "${given[@]}"
	ln -s /bin/false "$TEST_TMP/bin/gcc-99"
	build "a kernel that lacks something" 1 "this kernel was built without CONFIG_RELAY" "${given[@]}"
}

missing
if [ -z "$release" ]; then
	skip "modules" "no headers of a cloud kernel are installed"
elif [ ! -w "$SOURCE/systemtap" ] && [ ! -e "$SOURCE/systemtap/build/$release/ioriot.ko" ]; then
	skip "modules" "this user may not write to systemtap/build"
else
	check "build" make -s -C "$SOURCE/systemtap" "KERNEL=$release"
	built
	installed
fi
done_testing
