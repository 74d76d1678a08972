#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Compares two trees: names, types, modes, sizes, link counts and groups, symlink targets.

usage: treecmp.py [--holes] [--owners] [--attributes] [--prefix-a DIR] [--prefix-b DIR] [--not NAME]... A B

Contents are not compared: a replay writes the right amount of other bytes. --prefix-a and -b say
where the root of that tree's name space is: an absolute link to DIR/x is a link to /x. --holes
compares which 4 KiB pieces of the files are data, --attributes the names and sizes of extended
attributes of users. --not leaves out a name (a shell pattern) at any
depth. Prints one line per difference; exit status 1 when there is one, 2 for a usage error.
"""
import argparse
import errno
import fnmatch
import os
import stat
import sys

PIECE = 4096
KINDS = {stat.S_IFREG: "file", stat.S_IFDIR: "directory", stat.S_IFLNK: "symlink",
         stat.S_IFIFO: "fifo", stat.S_IFSOCK: "socket", stat.S_IFCHR: "char device",
         stat.S_IFBLK: "block device"}


def walk(top, leave_out):
    """{path relative to TOP: lstat} of all that is below TOP, TOP itself as "."."""
    found = {".": os.lstat(top)}
    pending = [""]
    while pending:
        directory = pending.pop()
        with os.scandir(os.path.join(top, directory)) as entries:
            for entry in entries:
                if any(fnmatch.fnmatch(entry.name, pattern) for pattern in leave_out):
                    continue
                path = os.path.join(directory, entry.name)
                found[path] = entry.stat(follow_symlinks=False)
                if entry.is_dir(follow_symlinks=False):
                    pending.append(path)
    return found


def data_pieces(path, size):
    """The pieces of the file that are data, as (first, end) ranges."""
    ranges = []
    try:
        fd = os.open(path, os.O_RDONLY)
    except PermissionError:
        return None
    try:
        at = 0
        while at < size:
            try:
                start = os.lseek(fd, at, os.SEEK_DATA)
            except OSError as e:
                if e.errno == errno.ENXIO:
                    break
                raise
            at = os.lseek(fd, start, os.SEEK_HOLE)
            first, end = start // PIECE, -(-at // PIECE)
            if ranges and ranges[-1][1] >= first:
                ranges[-1] = (ranges[-1][0], end)
            else:
                ranges.append((first, end))
    finally:
        os.close(fd)
    return ranges


def link_groups(entries):
    """{path: the sorted names of the same inode} for files that have several."""
    by_inode = {}
    for path, st in entries.items():
        if stat.S_ISREG(st.st_mode) and st.st_nlink > 1:
            by_inode.setdefault((st.st_dev, st.st_ino), []).append(path)
    return {path: sorted(group) for group in by_inode.values() for path in group}


def meaning(target, link, prefix):
    """What a link names, as an absolute path in its own name space."""
    resolved = os.path.normpath(os.path.join(os.path.dirname(link), target))
    if prefix and (resolved == prefix or resolved.startswith(prefix + "/")):
        return resolved[len(prefix):] or "/"
    return resolved


def compare_links(path, args):
    a, b = os.path.join(args.a, path), os.path.join(args.b, path)
    ta, tb = os.readlink(a), os.readlink(b)
    if ta != tb and meaning(ta, a, args.prefix_a) != meaning(tb, b, args.prefix_b):
        yield f"link target {ta!r} / {tb!r}"


def compare_one(path, sa, sb, args):
    ka, kb = (KINDS[stat.S_IFMT(s.st_mode)] for s in (sa, sb))
    if ka != kb:
        yield f"type {ka} / {kb}"
        return
    if ka == "symlink":
        yield from compare_links(path, args)
    elif stat.S_IMODE(sa.st_mode) != stat.S_IMODE(sb.st_mode):
        yield f"mode {stat.S_IMODE(sa.st_mode):04o} / {stat.S_IMODE(sb.st_mode):04o}"
    if args.owners and (sa.st_uid, sa.st_gid) != (sb.st_uid, sb.st_gid):
        yield f"owner {sa.st_uid}:{sa.st_gid} / {sb.st_uid}:{sb.st_gid}"
    if args.attributes and ka in ("file", "directory"):
        xa, xb = (attributes(os.path.join(top, path)) for top in (args.a, args.b))
        if xa != xb:
            yield f"attributes {xa} / {xb}"
    if ka == "directory":
        return
    if sa.st_nlink != sb.st_nlink:
        yield f"links {sa.st_nlink} / {sb.st_nlink}"
    if ka != "file":
        return
    if sa.st_size != sb.st_size:
        yield f"size {sa.st_size} / {sb.st_size}"
    elif args.holes:
        da, db = (data_pieces(os.path.join(top, path), sa.st_size) for top in (args.a, args.b))
        if da != db:
            yield f"data in pieces of {PIECE}: {da} / {db}"


def attributes(path):
    """Those of a replay have other values of the same length."""
    return {name: len(os.getxattr(path, name, follow_symlinks=False))
            for name in os.listxattr(path, follow_symlinks=False)
            if name.startswith("user.") or name.startswith("system.posix_acl_")}


def compare(a, b, args):
    """The differences between two trees that were walked."""
    groups_a, groups_b = link_groups(a), link_groups(b)
    for path in sorted(a.keys() | b.keys()):
        if path not in b:
            yield f"{path}: only in {args.a}"
        elif path not in a:
            yield f"{path}: only in {args.b}"
        else:
            for difference in compare_one(path, a[path], b[path], args):
                yield f"{path}: {difference}"
            if groups_a.get(path, [path]) != groups_b.get(path, [path]):
                yield f"{path}: same file as {groups_a.get(path)} / {groups_b.get(path)}"


def differences(args):
    return compare(walk(args.a, args.leave_out), walk(args.b, args.leave_out), args)


def main():
    parser = argparse.ArgumentParser(usage=__doc__.split("\n\n")[1])
    parser.add_argument("--holes", action="store_true")
    parser.add_argument("--owners", action="store_true")
    parser.add_argument("--attributes", action="store_true")
    parser.add_argument("--prefix-a", default="", type=lambda p: p.rstrip("/"))
    parser.add_argument("--prefix-b", default="", type=lambda p: p.rstrip("/"))
    parser.add_argument("--not", dest="leave_out", action="append", default=[])
    parser.add_argument("a", type=os.path.abspath)
    parser.add_argument("b", type=os.path.abspath)
    args = parser.parse_args()
    found = False
    try:
        for line in differences(args):
            found = True
            print(line.encode("utf-8", "backslashreplace").decode())
    except OSError as e:
        print(f"treecmp: {e}", file=sys.stderr)
        return 2
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
