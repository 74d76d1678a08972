#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A second reckoning of what differs between two captures: ioriot -a A B must say the same.

usage: contrast.py CSV-A CSV-B TABLE COLUMN

The CSVs are of --export csv, TABLE is what -a A B --by COLUMN --top 0 printed.
"""
import collections
import csv
import functools
import math
import os
import re
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import second

MOST = 32


def groups(path, column):
    out = collections.defaultdict(list)
    with open(path, newline="", encoding="utf-8", errors="surrogateescape") as f:
        for row in csv.DictReader(f):
            out[row[column]].append(int(row["latency"]))
    return out


def batches(values):
    """With N values: batches of the least power of two of which there are fewer than MOST."""
    logs = [math.log(max(v, 1)) for v in values]
    size = 1
    while len(logs) // size >= MOST:
        size *= 2
    return [sum(logs[i:i + size]) / size for i in range(0, len(logs) - size + 1, size)]


@functools.lru_cache(None)
def ways(m, n, u):
    """Orders of M and N values whose Mann-Whitney statistic is U: the largest is one of these or of those."""
    if u < 0:
        return 0
    if m == 0 or n == 0:
        return u == 0
    return ways(m - 1, n, u - n) + ways(m, n - 1, u)


def shift(x, y):
    d = sorted(b - a for a in x for b in y)
    n = len(d)
    middle = (d[(n - 1) // 2] + d[n // 2]) / 2
    total, k, below = math.comb(len(x) + len(y), len(x)), 0, 0
    while (below + ways(len(x), len(y), k)) / total <= 0.025:
        below += ways(len(x), len(y), k)
        k += 1
    return math.exp(middle), (math.exp(d[k - 1]), math.exp(d[n - k])) if k else None


def near(text, value):
    return abs(float(text) - value) <= 0.00051


def check(cells, a, b):
    """What is wrong with a row."""
    if cells[:2] != [str(len(a)), str(len(b))]:
        return f"calls {cells[:2]}, not {len(a)}, {len(b)}"
    if not a or not b:
        return "" if cells[10] == ("only in the first" if a else "only in the second") else cells[10]
    for i, values in enumerate((a, b)):
        for cell, want, above in ((2, sum(values), 0), (4, second.quantile(values, 0.5), 1 / 32),
                                  (6, second.quantile(values, 0.99), 1 / 32)):
            if not second.close(second.number(cells[cell + i], second.UNITS), want, above):
                return f"{cells[cell + i]} in column {cell + i}, not {want}"
    x, y = batches(a), batches(b)
    ratio, interval = shift(x, y)
    verdict = "too few calls" if not interval else "slower" if interval[0] > 1 else "faster" if interval[1] < 1 \
        else "no difference found"
    if not near(cells[8], ratio) or cells[10] != verdict:
        return f"ratio {cells[8]}, {cells[10]}, not {ratio}, {verdict}"
    if interval and not all(near(t, v) for t, v in zip(cells[9].split(" to "), interval)):
        return f"interval {cells[9]}, not {interval}"
    return ""


def main():
    a, b = groups(sys.argv[1], sys.argv[4]), groups(sys.argv[2], sys.argv[4])
    keys, wrong, verdicts = set(a) | set(b), [], collections.Counter()
    with open(sys.argv[3], encoding="utf-8", errors="surrogateescape") as f:
        lines = f.read().splitlines()
    start = next(i for i, line in enumerate(lines) if line.lstrip().startswith("calls 1"))
    for line in lines[start + 1:]:
        if line.startswith("  of these:"):
            said = {v: int(n) for n, v in re.findall(r"(\d+) ([a-z ]+)", line)}
            wrong += [] if said == verdicts else [f"{line}, not {verdicts}"]
            break
        cells = re.split(r"  +", line.strip(), maxsplit=11)
        key = os.fsdecode(second.unescape(os.fsencode(cells[11])))
        key = "" if key == "-" else key
        if key not in keys:
            wrong.append(f"{key!r} is in neither, or stands twice")
            continue
        keys.discard(key)
        verdicts[cells[10]] += 1
        why = check(cells, a.get(key, []), b.get(key, []))
        wrong += [f"{key!r}: {why}"] if why else []
    wrong += [f"{key!r} is missing" for key in keys]
    print("\n".join(wrong[:20]))
    print(f"{sum(verdicts.values())} rows, {dict(verdicts)}, {len(wrong)} differences")
    return 1 if wrong or not verdicts else 0


if __name__ == "__main__":
    sys.exit(main())
