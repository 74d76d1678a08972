#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""layers_vfs.py CSVDIR DIRECTORY PID [INODE]: the operations of process PID in DIRECTORY (D in what is printed), and those
without a file, but for the end. With INODE instead whether all operations on the open D/file are on that inode and took
time."""
import csv
import os
import sys


def ours(row, directory):
    name = row["filename"]
    if row["operation"] == "PROCESS_EXIT":
        return False
    return name in ("", directory) or name.startswith((directory + "/", "pipe:")) or name.startswith("dir/")


def main():
    csvdir, directory, pid = sys.argv[1:4]
    with open(os.path.join(csvdir, "vfs_events.csv"), newline="", encoding="utf-8") as f:
        rows = [r for r in csv.DictReader(f) if r["pid"] == pid and ours(r, directory)]
    if len(sys.argv) > 4:
        on_file = [r for r in rows if r["filename"] == directory + "/file" and r["call"] != "truncate"]
        strange = [r for r in on_file if r["inode"] != sys.argv[4] or r["dev"] == ""]
        timeless = [r for r in rows if int(r["latency_ns"]) <= 0]
        assert len(on_file) == 18 and not strange and not timeless, (len(on_file), strange, timeless)
        return
    for r in rows:
        if r["operation"] == "MMAP" and int(r["result"]) > 4096:
            assert int(r["result"]) == int(r["address"], 16)
            r["result"] = "AT"
        if r["operation"] == "READDIR":
            r["result"] = r["bytes"] = "N" if int(r["result"]) > 0 else r["result"]
        print("|".join(r[k].replace(directory, "D") for k in (
            "operation", "filename", "size", "flags", "offset", "mmap_prot", "mmap_flags", "result", "bytes", "mode",
            "call")))


if __name__ == "__main__":
    main()
