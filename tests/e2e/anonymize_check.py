#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""anonymize_check.py ORIGINAL HIDDEN KEYFILE

Whether HIDDEN is the capture ORIGINAL without its names: every component is the word that a second implementation makes
of it with the key, no two become the same, everything else stands as it was, and no name of the original is left."""
import base64
import hmac
import re
import sys

KEEP_PROC = re.compile(rb"/proc/(?:sys/vm/drop_caches$|(?:(?:self|thread-self|\d+)(?:/|$)(?:task(?:/|$)(?:\d+(?:/|$))?)?"
                       rb"(?:(?:fd|fdinfo)(?:/|$)(?:\d+(?:/|$))?|(?:cwd|root|exe)(?:/|$))?)?)")
KEEP_DEV = re.compile(rb"/dev/(?:(?:fd|pts)(?:/|$)(?:\d+(?:/|$))?|(?:tty|console|ptmx|null|zero|full|random|urandom|stdin"
                      rb"|stdout|stderr)$)?")
KEEP_OTHER = re.compile(rb"/(?:proc|dev|sys)$|/sys/|/memfd:")
OUR_WORDS = {(b"lost", b"p"), (b"layer_sum", b"p"), (b"file_call", b"p"), (b"state_mount", b"P")}
STATES = (b"state_", b"recv_fd")
SPACES = (b"user.", b"trusted.", b"system.", b"security.", b"btrfs.")
KNOWN = (b"system.posix_acl_access", b"system.posix_acl_default", b"security.capability", b"security.selinux")


def word(key, role, data, length):
    digest = hmac.new(key, role + data, "sha256").digest()
    return base64.b32encode(digest).decode().lower()[:length].encode()


class Check:
    def __init__(self, key):
        self.key = key
        self.names = {}  # hidden name -> name, of those that are checked by that alone
        self.told = set()  # components that must be gone
        self.left = []  # values that may hold names
        self.wrong = []

    def component(self, name):
        if name in (b"", b".", b".."):
            return name
        mark = b" (deleted)"
        if name.endswith(mark) and len(name) > len(mark):
            return self.component(name[:-len(mark)]) + mark
        self.told.add(name)
        if len(name) > 255:
            return word(self.key, b"n", name, 50) + b"x" * (len(name) - 50)
        return word(self.key, b"n", name, 16)

    def path(self, path):
        kept = KEEP_PROC.match(path) or KEEP_DEV.match(path) or KEEP_OTHER.match(path)
        start = kept.group(0) if kept else b""
        return start + b"/".join(self.component(c) for c in path[len(start):].split(b"/"))

    def attribute(self, name, hidden):
        if name in KNOWN:
            return name
        start = next((s for s in SPACES if name.startswith(s)), b"")
        rest = name[len(start):]
        if len(rest) >= 8:
            return start + word(self.key, b"x", rest, min(len(rest), 50)) + b"x" * (len(rest) - 50)
        if len(hidden) != len(name) or not hidden.startswith(start) or hidden == name and rest:
            return b"?"
        if self.names.setdefault((hidden, "short"), name) != name:
            return b"?"
        return hidden

    def value(self, operation, key, value, hidden):
        if (operation, key) in OUR_WORDS:
            return value
        if operation.startswith(STATES) and re.match(rb"pipe:\[|socket:\[|anon_inode:", value):
            return value
        if key == b"P" and b"xattr" in operation:
            return self.attribute(value, hidden)
        return self.path(value)

    def line(self, number, one, two):
        pairs, hidden = (dict(p.split(b"=", 1) for p in x.rstrip(b"\n").split(b";:,") if p) for x in (one, two))
        operation = pairs[b"o"]
        for key, value in pairs.items():
            got = hidden.get(key)
            if (operation, key) not in OUR_WORDS and key != b"o":
                self.left.append(got or b"")
            if key in (b"p", b"P") and got is not None:
                want, got = self.value(operation, key, unescape(value), unescape(got)), unescape(got)
            elif key == b"h" and value != b"-":
                want = got if len(got) == len(value) and got[:8] == value[:8] and got != value else b"?"
            else:
                want = value
            if want != got:
                self.wrong.append(f"line {number}: {key.decode()}={got!r}, not {want!r}")
        if list(pairs) != list(hidden):
            self.wrong.append(f"line {number}: other keys")


def unescape(text):
    return re.sub(rb"\\(?:\\|x([0-9a-fA-F]{2}))", lambda m: bytes([int(m[1], 16)]) if m[1] else b"\\", text)


def main():
    original, hidden = (open(name, "rb").read().splitlines() for name in sys.argv[1:3])
    check = Check(open(sys.argv[3], "rb").read())
    if len(original) != len(hidden):
        sys.exit(f"{len(original)} lines became {len(hidden)}")
    for number, (one, two) in enumerate(zip(original, hidden), 1):
        if number > 1:
            check.line(number, one, two)
    words = {word(check.key, b"n", name, 16) for name in check.told}
    if len(words) != len(check.told):
        check.wrong.append("two names became one")
    # keys of the header are ours, whatever files are called
    header = [p.partition(b"=")[2] for p in hidden[0].split(b"|") if not p.startswith((b"hooks=", b"layers"))]
    text = b"\n".join([*check.left, *header])
    parts = set(re.split(rb"[/;=|\n ]", text))
    for name in check.told:
        if name in parts and len(name) > 2 and not name.isdigit() or len(name) > 9 and name in text:
            check.wrong.append(f"{name!r} is still there")
    if check.wrong:
        sys.exit("\n".join(check.wrong[:20]))
    print(len(check.told))


main()
