#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# time-limit: 300
# apt-get: packages fetched by HTTP and installed in a directory that is the root (chroot(2)) of what they
# bring to be run. The archive is one of our own.
# shellcheck source=../scenario_lib.sh
. "$TESTS/scenario_lib.sh"

# A package with files of many sizes, links and a script; then the index of all.
archive() { # DIRECTORY
	local name
	mkdir -p "$1" && cd "$1" || return
	for name in one two; do
		mkdir -p "$name/DEBIAN" "$name/usr/share/$name/d" "$name/etc"
		printf '%s\n' "Package: $name" "Version: 1.0" "Architecture: all" "Maintainer: nobody <a@b.c>" \
			"Description: $name" >"$name/DEBIAN/control"
		[ "$name" = one ] || echo "Depends: one" >>"$name/DEBIAN/control"
		echo "/etc/$name.conf" >"$name/DEBIAN/conffiles"
		printf '%s\n' '#!/bin/busybox sh' 'set -e' \
			"cat /etc/$name.conf >/usr/share/$name/made" "mv /usr/share/$name/1 /usr/share/$name/d/moved" \
			"ln -s /usr/share/$name/d /usr/share/$name/there" "ls /usr/share/$name/there/" \
			>"$name/DEBIAN/postinst"
		chmod 755 "$name/DEBIAN/postinst"
		echo "conf of $name" >"$name/etc/$name.conf"
		for n in 1 2 3 4 5 6 7 8 9; do seq $((n * n * 1000)) >"$name/usr/share/$name/$n"; done
		ln "$name/usr/share/$name/9" "$name/usr/share/$name/d/hard"
		dpkg-deb --root-owner-group -b "$name" "$name.deb" >/dev/null || return
		{
			dpkg-deb -f "$name.deb"
			echo "Filename: $name.deb"
			echo "Size: $(stat -c %s "$name.deb")"
			echo "SHA256: $(sha256sum "$name.deb" | cut -d' ' -f1)"
			echo
		} >>Packages
		rm -r "$name"
	done
}

serve() { # DIRECTORY: says the port, and goes on
	exec python3 -u - "$1" <<'SERVER'
import functools, http.server, sys

handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=sys.argv[1])
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
print(server.server_port, flush=True)
server.serve_forever()
SERVER
}

setup() {
	mkdir -p root/bin root/etc/apt/apt.conf.d root/etc/apt/preferences.d root/var/lib/dpkg/info \
		root/var/lib/dpkg/updates root/var/lib/apt/lists/partial root/var/cache/apt/archives/partial \
		root/var/log/apt root/etc/apt/sources.list.d root/etc/apt/trusted.gpg.d root/tmp root/usr/share
	cp /bin/busybox root/bin/busybox
	for n in sh cat mv ln ls; do ln -s busybox "root/bin/$n"; done
	: >root/var/lib/dpkg/status
}

if ! is_root; then
	skip apt "only root may chroot"
	done_testing
fi
check "archive" archive "$TEST_TMP/archive"
: >port
serve "$TEST_TMP/archive" >>port 2>server.log &
server=$!
trap 'kill "$server"' EXIT
# shellcheck disable=SC2094 # it is written once
until read -r port <port; do
	kill -0 "$server" || exit 1
	sleep 0.1
done

apt='apt-get -q -y -o Dir="$PWD/root" -o Dir::State::status="$PWD/root/var/lib/dpkg/status" -o APT::Architecture=amd64
-o APT::Sandbox::User=root -o Acquire::Languages=none -o Dir::Bin::methods=/usr/lib/apt/methods/
-o DPkg::Chroot-Directory= -o DPkg::Options::="--root=$PWD/root" -o DPkg::Use-Pty=0'
program="unset TMPDIR
echo 'deb [trusted=yes] http://127.0.0.1:$port/ ./' >root/etc/apt/sources.list
alias get='${apt//$'\n'/ }'
get update >log
get install --download-only two >>log
get install two >>log 2>&1
chroot root /bin/sh -c 'cd /usr/share/two/there && cat moved >/tmp/copy && mv /tmp/copy ../../copy && cat /usr/share/../../etc/two.conf'
dpkg --root=\"\$PWD/root\" -r two >>log 2>&1"
scenario apt "root/usr root/var" bash -e -O expand_aliases -c "$program"
check "installed" grep -q '^Package: one$' apt/work/root/var/lib/dpkg/status
check "run inside" test -e apt/work/root/usr/share/one/d/moved
done_testing
