# SPDX-License-Identifier: Apache-2.0
"""Writes initramfs archives (cpio "newc"), so that owners and modes need neither root nor a tree on disk."""
import os
import stat


class Archive:
    """Parents of what is added are made as they are needed."""

    def __init__(self, stream):
        self.stream, self.number, self.seen = stream, 0, set()

    def _entry(self, name, mode, gid, content):
        self.number += 1
        raw = name.encode() + b"\0"
        fields = (self.number, mode, 0, gid, 1, 0, len(content), 0, 0, 0, 0, len(raw), 0)
        self.stream.write(b"070701" + b"".join(b"%08x" % f for f in fields))
        self.stream.write(raw + bytes(-(110 + len(raw)) % 4))
        self.stream.write(content + bytes(-len(content) % 4))

    def directory(self, path, mode=0o755, gid=0):
        name = path.strip("/")
        if name and name not in self.seen:
            self.directory(os.path.dirname(name))
            self.seen.add(name)
            self._entry(name, stat.S_IFDIR | mode, gid, b"")

    def file(self, path, content, mode=0o644, gid=0):
        self.directory(os.path.dirname(path))
        self._entry(path.strip("/"), stat.S_IFREG | mode, gid, content)

    def link(self, path, target):
        self.directory(os.path.dirname(path))
        self._entry(path.strip("/"), stat.S_IFLNK | 0o777, 0, target.encode())

    def tree(self, source, path):
        """What is in the directory SOURCE, below PATH; only files, directories and links."""
        self.directory(path)
        for entry in sorted(os.scandir(source), key=lambda e: e.name):
            name = f"{path}/{entry.name}"
            if entry.is_symlink():
                self.link(name, os.readlink(entry.path))
            elif entry.is_dir():
                self.tree(entry.path, name)
            else:
                with open(entry.path, "rb") as f:
                    self.file(name, f.read(), stat.S_IMODE(entry.stat().st_mode))

    def close(self):
        """The mark of the end; padded, since the kernel looks for the next archive at multiples of 4."""
        self._entry("TRAILER!!!", 0, 0, b"")
        self.stream.write(bytes(-self.stream.tell() % 512))
