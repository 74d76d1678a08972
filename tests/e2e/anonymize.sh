#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# --anonymize: no name of the original is left, the same name becomes the same word, and what is left replays as the
# original does.
# shellcheck source=../scenario_lib.sh
. "$TESTS/scenario_lib.sh"
# shellcheck source=../bpf_lib.sh
. "$TESTS/bpf_lib.sh"

printf 'a key of thirty-two bytes, no less' > "$TEST_TMP/key"
printf 'another key, of thirty-four bytes.' > "$TEST_TMP/key2"
hide=(--anonymize "$TEST_TMP/key")

# called by scenario
# shellcheck disable=SC2317
setup() {
	mkdir -p zebra/quagga
	head -c 70000 /dev/urandom > zebra/quagga/okapi.dat
	ln -s quagga/okapi.dat zebra/tapir.link
	ln -s "$PWD/zebra" absolute.klipspringer
	python3 -c 'import os, sys
for name in sys.argv[1:]:
    os.setxattr("zebra/quagga/okapi.dat", name, b"value")' user.wombat-origin user.w
}
# All names that the program has, and what it does with them.
cat > "$TEST_TMP/zebra-program.py" <<'END'
import os, socket
os.chdir("zebra")
with open("quagga/okapi.dat", "rb") as f:
    f.read(5000)
    os.stat(f"/proc/self/fd/{f.fileno()}")
os.readlink("tapir.link"), os.stat("tapir.link"), os.listdir("../absolute.klipspringer/quagga")
fd = os.open("quagga", os.O_DIRECTORY)
with open(os.open("okapi.new", os.O_CREAT | os.O_RDWR, dir_fd=fd), "wb") as f:
    f.write(b"x" * 10000)
os.rename("okapi.new", "wildebeest.new", src_dir_fd=fd, dst_dir_fd=fd)
os.link("quagga/wildebeest.new", "./../zebra//hard.wildebeest")
os.symlink("../no/such/bushbuck", "dangling.bushbuck")
os.mkdir("gazelle", 0o750), os.rmdir("gazelle")
for name in ("a", "b", "aa", "user.x", "wombat-origin", "eland-name-that-is-long-enough-to-need-more-than-one-digest-of-it"):
    os.setxattr("quagga/wildebeest.new", "user." + name, b"v" * len(name))
os.listxattr("quagga/wildebeest.new"), os.getxattr("quagga/wildebeest.new", "user.a")
os.removexattr("quagga/wildebeest.new", "user.b")
os.listxattr("quagga/okapi.dat"), os.getxattr("quagga/okapi.dat", "user.wombat-origin")
for wrong in ("no-such-gemsbok", "n" * 256, "quagga/okapi.dat/below"):
    try:
        os.open(wrong, os.O_RDONLY)
    except OSError:
        pass
s = socket.socket(socket.AF_UNIX)
s.bind("nyala.socket"), s.close()
os.memfd_create("kongo-memory"), os.pipe(), socket.socketpair()
os.truncate("hard.wildebeest", 123), os.chmod("hard.wildebeest", 0o600), os.unlink("dangling.bushbuck")
END
# None of them short: what is written in their place has all letters, and each time others.
animals='zebra|quagga|okapi|tapir|klipspringer|wombat|wildebeest|bushbuck|gazelle|eland|gemsbok|nyala|kongo|serengeti'

# called by scenario
# shellcheck disable=SC2317
anonymized() { # ORIGINAL HIDDEN
	status_is "anonymized" 0 "$IORIOT" -a "$1" "${hide[@]}" --export "capture:$2" || return
	status_is "as a second implementation does it" 0 python3 "$TESTS/e2e/anonymize_check.py" "$1" "$2" "$TEST_TMP/key" ||
		return
	equal "no name is left" "$(grep -cE "$animals" "$2")" 0
	check "the original has them" grep -qE 'p=.*okapi' "$1"
	check "a valid capture" python3 "$TESTS/capture_check.py" "$2"
}
rewrite=anonymized
scenario serengeti "" python3 "$TEST_TMP/zebra-program.py"
rewrite=

original=$TEST_TMP/serengeti/recorded.capture
once=$TEST_TMP/serengeti/run.capture
"$IORIOT" -a "$original" "${hide[@]}" --export capture:again.capture
check "the same key, the same words" cmp again.capture "$once"
"$IORIOT" -a "$original" --anonymize "$TEST_TMP/key2" --export capture:other.capture
equal "another key, others" "$(grep -oP 'o=open.*,p=\K[^;]+' other.capture | grep -cFxf <(grep -oP 'p=\K[^;]+' "$once" |
	grep -v '^/\(proc\|dev\|sys\)'))" 0
"$IORIOT" -a "$original" "${hide[@]}" --export records:hidden.jsonl
"$IORIOT" --import records:hidden.jsonl -c back.capture > /dev/null
"$IORIOT" -a back.capture --export records:back.jsonl
check "as JSON, and back" cmp back.jsonl hidden.jsonl
"$IORIOT" -a "$original" --export capture:plain.capture
check "without a key a copy" cmp plain.capture "$original"
check "the header says so" grep -q '|names=hidden|' "$once"

# --- while it is recorded ---
live() { # BACKEND: with each the same is hidden, and a replay does the same
	mkdir -p "$1/work" "$1/root"
	(cd "$1/work" && setup)
	status_is "recorded without names by $1" 0 env -C "$1/work" "$IORIOT" -c ../run.capture --backend="$1" "${hide[@]}" -- \
		python3 "$TEST_TMP/zebra-program.py"
	equal "no name is left by $1" "$(grep -cE "$animals|python" "$1/run.capture")" 0
	status_is "generated of $1" 0 "$IORIOT" -c "$1/run.capture" -r "$1/run.replay" -n "live" --root "$1/root"
	status_is "initialised of $1" 0 "$IORIOT" -i "$1/run.replay" --root "$1/root"
	status_is "replayed of $1" 0 "$IORIOT" -r "$1/run.replay" --root "$1/root" -D
}
live ptrace
why=$(bpf_lacks)
if [ -z "$why" ]; then
	live bpf
	status_is "addresses" 0 "$IORIOT" -c net.capture --backend=bpf -L net,conn,proc "${hide[@]}" -- python3 -c '
import socket
a = socket.create_server(("127.0.0.1", 0))
b = socket.create_connection(a.getsockname())
b.send(b"x")
c = socket.create_server(("::1", 0), family=socket.AF_INET6)
d = socket.socket(socket.AF_UNIX)
d.bind("\0bongo-name")'
	equal "no address is left" "$(grep -cE '127\.0\.0\.1|::1|bongo|python' net.capture)" 0
	check "protocol and port are" grep -qE 'o=net_send;.*p=tcp/[a-z2-7]{16}:[0-9]+;.*P=[a-z2-7]{16}:[0-9]+;' net.capture
	check "in version 6, too" grep -qE 'p=tcp6/\[[a-z2-7]{16}\]:[0-9]+;' net.capture
	check "an abstract name" grep -qE 'p=unix-stream/@[a-z2-7]{16};' net.capture
	status_is "a file" 0 "$IORIOT" -c file.capture --backend=bpf --file "$TEST_TMP/serengeti/work/zebra/quagga/okapi.dat" \
		--socket "$TEST_TMP/socket" "${hide[@]}" -- cat "$TEST_TMP/serengeti/work/zebra/quagga/okapi.dat"
	equal "what is kept of it has no name" "$(grep -cE "$animals" file.capture) $(grep -c 'p=read;.*s=70000' file.capture)" "0 1"
else
	skip "recorded without names by bpf" "$why"
fi

# --- snapshots ---
status_is "a snapshot" 0 "$IORIOT" --snapshot="process,fs=64:$TEST_TMP/serengeti" --output shot "${hide[@]}"
zstd -qdc shot/filesystem_snap.csv.zst > fs.csv
zstd -qdc shot/process_snap.csv.zst > process.csv
equal "no name is left in it" "$(grep -cE "$animals" fs.csv) $(grep -c -- '--snapshot' process.csv)" "0 0"
line=$(grep -n 'p=/.*/work/zebra/quagga/okapi\.dat;' "$original" | head -n 1)
check "a file is called in it as it is in the capture" \
	grep -qF ",$(sed -n "${line%%:*}s/.*,p=\([^;]*\);.*/\1/p" "$once"),f,70000," fs.csv
equal "all files are there" "$(($(wc -l < fs.csv) - 1))" "$(find "$TEST_TMP/serengeti" -mindepth 1 -xdev | wc -l)"

# --- what cannot be ---
status_is "no key" 1 "$IORIOT" -a "$original" --anonymize none --export capture:x.capture
says "which" 'none'
printf 'too short' > short
status_is "a short key" 1 "$IORIOT" -c x.capture --anonymize short -- true
says "how short" 'a key has 16 to 4096 bytes'
check "nothing is written" test ! -e x.capture
status_is "a table would have names" 2 "$IORIOT" -a "$original" "${hide[@]}" --by file
done_testing
