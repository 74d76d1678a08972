#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""layers_csv.py DIRECTORY FILE LENGTH: whether the files of --export csv:DIRECTORY say that LENGTH bytes were written
to FILE, by a call, through the page cache, to the device, by one process."""
import csv
import os
import sys

# What tracers of one layer have, in their words.
COLUMNS = {
    "fs_events.csv": "timestamp,operation,pid,command,filename,size,inode,flags,offset,tid",
    "block_events.csv": "timestamp,pid,command,sector,operation,size,latency_ms,tid,cpu_id,dev,queue_time_ms,"
                        "cmd_flags,op_code,rwbs",
    "cache_events.csv": "timestamp,pid,command,event_type,inode,index,size,cpu_id,dev_id,count",
    "pagefault_events.csv": "timestamp,pid,tid,command,fault_type,severity,inode,offset,address,dev_id",
}


def rows(directory, name):
    with open(os.path.join(directory, name), newline="", encoding="utf-8") as f:
        found = list(csv.DictReader(f))
    missing = set(COLUMNS[name].split(",")) - set(found[0])
    assert not missing, f"{name} does not have {missing}"
    return found


def main():
    directory, path, length = sys.argv[1], sys.argv[2], int(sys.argv[3])
    inode = str(os.stat(path).st_ino)
    calls = [r for r in rows(directory, "fs_events.csv") if r["filename"] == path and r["operation"] == "write"]
    block = [r for r in rows(directory, "block_events.csv") if r["filename"] == path and r["operation"] == "write"]
    cache = [r for r in rows(directory, "cache_events.csv") if r["filename"] == path]
    faults = rows(directory, "pagefault_events.csv")
    sums = {
        "write": sum(int(r["bytes"]) for r in calls),
        "dirty": sum(int(r["bytes"]) for r in cache if r["event_type"] == "dirty"),
        "writeback": sum(int(r["bytes"]) for r in cache if r["event_type"] == "writeback"),
        "queue": sum(int(r["size"]) for r in block if r["event"] == "block_queue"),
        "done": sum(int(r["size"]) for r in block if r["event"] == "block_done"),
    }
    assert all(n == length for n in sums.values()), sums
    assert all(r["inode"] == inode for r in block + cache), "another inode"
    pages = [r for r in cache if r["event_type"] == "dirty"]
    assert all(int(r["offset"]) == int(r["index"]) * 4096 and int(r["bytes"]) == int(r["count"]) * 4096 for r in pages), \
        "pages that are not where their bytes are"
    assert sorted(n for r in pages for n in range(int(r["index"]), int(r["index"]) + int(r["count"]))) == \
        list(range(length // 4096)), "not each page once"
    assert {r["pid"] for r in pages} == {calls[0]["pid"]} and {r["command"] for r in pages} == {"dd"}, "pages of others"
    assert all(0 <= int(r["size"]) <= length // 4096 for r in pages), "a file of another size"
    assert {r["cause_pid"] for r in block} == {calls[0]["pid"]}, "another process"
    assert {r["command"] for r in block} == {"dd"}, "another program"
    done = [r for r in block if r["event"] == "block_done"]
    assert all(float(r["latency_ms"]) > 0 for r in done), "requests that took no time"
    assert all(float(r["queue_time_ms"] or 0) >= 0 for r in done), "requests that waited for less than no time"
    assert all("SYNC" in r["cmd_flags"] and r["op_code"] == "1" and r["rwbs"] == "WS" for r in done), "other flags"
    assert sum(int(r["count"]) for r in cache if r["event_type"] == "dirty") == length // 4096, "other pages"
    assert {r["severity"] for r in faults} <= {"MAJOR", "MINOR"} and faults, "no faults"


if __name__ == "__main__":
    main()
