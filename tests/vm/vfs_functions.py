#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""vfs_functions.py VFS_EVENTS TRACE INODES: whether the operations on files that a capture tells (vfs_events.csv) are what
functions of the kernel did (TRACE, of ftrace's kprobes; tests/vm/jobs/vfs.sh): the bytes of each file of INODES (number,
device and name in each line), how many operations there are of each kind, and of those on each file of that device
that are opened, closed, looked at, mapped, unmapped and synced."""
import collections
import csv
import re
import sys

LINE = re.compile(r"^ *(?P<task>.+)-(?P<tid>\d+) +\[\d+\] .*?: (?P<event>\w+): \((?P<where>[^)]*)\)(?P<values>.*)$")
QUEUED = -529  # EIOCBQUEUED: it is over later, and all of it is moved
# kinds of operations that have one function: by the name of the hook
KINDS = {"unlink": ("UNLINK",), "rmdir": ("RMDIR",), "mkdir": ("MKDIR",), "rename": ("RENAME",), "link": ("LINK",),
         "symlink": ("SYMLINK",), "fallocate": ("FALLOCATE",), "truncate": ("TRUNCATE",), "list": ("READDIR",),
         "chdir": ("CHDIR",), "change": ("SETATTR", "TRUNCATE"), "exec": ("PROCESS_EXEC",), "exit": ("PROCESS_EXIT",)}
# the same of two that are one kind
SYNCS = ("sync", "syncfs")
# kinds whose functions return what was moved
MOVED = {"given": "VMSPLICE", "sent": "SENDFILE", "spliced": "SPLICE"}
# and those that are about memory, by its address and length; others than these do it as well
MEMORY = {"unmapped": "MUNMAP", "advised": "MADVISE", "moved": "MREMAP"}
# what is done to files, each by its number: by the name of the hook
DONE = {"opened": ("OPEN",), "closed": ("CLOSE",), "stat": ("GETATTR",), "mapped": ("MMAP",),
        "synced": ("FSYNC", "FDATASYNC", "MSYNC")}
READS = ("READ", "DIO_READ", "SENDFILE", "SPLICE", "COPY_FILE_RANGE")
WRITES = ("WRITE", "DIO_WRITE")


def functions(trace, inodes, tids):
    """The bytes that were read and written of each inode, and how often each hook was passed by threads of ours."""
    moved, count, under_way = collections.Counter(), collections.Counter(), collections.defaultdict(list)
    for line in open(trace, encoding="utf-8", errors="replace"):
        found = LINE.match(line)
        if not found:
            continue
        assert "LOST" not in line
        event, values = found["event"], dict(v.split("=") for v in found["values"].split())
        calls = under_way[found["tid"], event.removesuffix("_over")]
        if event in ("read", "write"):
            calls.append((values["inode"], int(values["count"])))
        elif event.endswith("_over"):
            inode, wanted = calls.pop()
            moved[event.removesuffix("_over"), inodes.get(inode)] += \
                wanted if int(values["ret"]) == QUEUED else max(0, int(values["ret"]))
        elif event in MOVED and found["tid"] in tids:
            count[event] += max(0, int(values["ret"]))
        elif int(values.get("ret", 0)) == 0 and (found["tid"] in tids or found["task"].startswith("iou-wrk-")):
            count[event] += 1
    return moved, count


def done_to_files(trace, device, tids):
    """How often each hook of DONE was passed for each file of DEVICE by threads of ours, and each of MEMORY for its place."""
    major, minor = map(int, device.split(":"))
    count, memory, closing = collections.Counter(), collections.Counter(), set()
    for line in open(trace, encoding="utf-8", errors="replace"):
        found = LINE.match(line)
        if not found or not (found["tid"] in tids or found["task"].startswith("iou-wrk-")):
            continue
        event, values = found["event"], dict(v.split("=") for v in found["values"].split())
        if event == "close":
            closing.add(found["tid"])
        elif event == "close_end":
            closing.discard(found["tid"])
        elif event in MEMORY:
            memory[event, int(values["at"]), int(values["length"])] += 1
        elif event in DONE and values.get("file") != "0" and values["dev"] == str(major << 20 | minor):
            if event != "closed" or found["tid"] in closing:
                count[event, values["inode"]] += 1
    return count, memory


def told_of_files(rows):
    """The same of the rows of that device."""
    count, memory, at_once = collections.Counter(), collections.Counter(), set()
    for row in rows:
        kind, flags = row["operation"], row["flags"]
        if kind == "OPEN" and "O_SYNC" in flags:
            at_once.add(row["inode"])
        for hook, name in MEMORY.items():
            if kind == name:
                memory[hook, int(row["address"], 16), int(row["size"])] += 1
        if kind == "WRITE" and int(row["bytes"]) and (row["inode"] in at_once or "RWF_DSYNC" in flags):
            count["synced", row["inode"]] += 1
        for hook, kinds in DONE.items():
            if kind in kinds and "sync_file_range" not in row["call"]:
                count[hook, row["inode"]] += 1
    return count, memory


def main():
    operations, trace, names = sys.argv[1:]
    files = [line.split(maxsplit=2) for line in open(names, encoding="utf-8").read().splitlines()]
    inodes, device = {number: name for number, _, name in files}, files[0][1]
    told, kinds = collections.Counter(), collections.Counter()
    with open(operations, newline="", encoding="utf-8") as f:
        rows = [r for r in csv.DictReader(f) if r["operation"] != "lost"]
    for row in rows:
        kind, (source, _, to) = row["operation"], row["filename"].partition(" -> ")
        if int(row["result"] or 0) < 0:
            continue
        if not to and row["dev"] == device:  # it may have another name by now
            source = inodes.get(row["inode"], source)
        kinds[kind] += 1
        if kind in MOVED.values():
            told["moved", kind] += int(row["bytes"])
        if kind in READS:
            told["read", source] += int(row["bytes"])
        if kind in WRITES or kind in READS[2:]:
            told["write", to or source] += int(row["bytes"])
    moved, count = functions(trace, inodes, {r["tid"] for r in rows})
    wrong = []
    for name in inodes.values():
        for way, said in (("read", "read"), ("write", "written")):
            if told[way, name] != moved[way, name]:
                wrong.append(f"{name}: {told[way, name]} bytes {said}, the function says {moved[way, name]}")
    wrong += [f"{'+'.join(k)}: {sum(kinds[x] for x in k)}, the function was called {count[hook]} times"
              for hook, k in KINDS.items() if sum(kinds[x] for x in k) != count[hook]]
    wrong += [f"{kind}: {told['moved', kind]} bytes, the function says {count[hook]}"
              for hook, kind in MOVED.items() if told["moved", kind] != count[hook]]
    if kinds["SYNC"] != sum(count[hook] for hook in SYNCS):
        wrong.append(f"SYNC: {kinds['SYNC']}, the functions were called {[count[hook] for hook in SYNCS]} times")
    of_device = [r for r in rows if r["dev"] == device and int(r["result"] or 0) >= 0]
    said, said_memory = told_of_files(of_device)
    done, memory = done_to_files(trace, device, {r["tid"] for r in rows})
    wrong += [f"{inodes.get(key[1], key[1])}: {key[0]}: {said[key]}, the function was called {done[key]} times"
              for key in sorted(said.keys() | done.keys()) if said[key] != done[key]]
    wrong += [f"{MEMORY[key[0]]} {key[1]:#x}, {key[2]}: {n}, the function was called {memory[key]} times"
              for key, n in said_memory.items() if memory[key] < n]
    if wrong:
        sys.exit("\n".join(wrong))
    assert {key[0] for key in said_memory} == MEMORY.keys(), said_memory
    assert all(sum(n for (h, _), n in done.items() if h == hook) for hook in DONE), done
    for needed in ("read", "write"):
        assert sum(n for (way, name), n in moved.items() if way == needed and name) > 50000, "too little was moved"
    assert len(inodes) >= 12 and all(count[hook] for hook in (*KINDS, *SYNCS, *MOVED)), (inodes, count)


main()
