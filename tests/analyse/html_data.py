#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What an HTML report says is what the calls add up to, and nothing of a capture is markup in it.

usage: html_data.py REPORT CSV...
"""
import base64
import collections
import csv
import hashlib
import html.parser
import json
import os
import re
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import second

ELEMENTS = {"html", "head", "meta", "title", "style", "body", "noscript", "p", "a", "header", "h1", "nav", "div", "main",
            "footer", "script"}


class Page(html.parser.HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.elements, self.scripts, self.policy, self.inside = collections.Counter(), [], "", False
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.elements[tag] += 1
        attrs = dict(attrs)
        if attrs.get("http-equiv") == "Content-Security-Policy":
            self.policy = attrs["content"]
        outside = [v for k, v in attrs.items() if k in ("src", "href", "action") and not v.startswith("#")]
        assert not outside, outside
        self.inside = tag == "script"
        if self.inside:
            self.scripts.append("")

    def handle_endtag(self, tag):
        self.inside = False

    def handle_data(self, data):
        if self.inside:
            self.scripts[-1] += data


def digest(text):
    return "'sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() + "'"


def shown(name):
    """A name as JSON has it: what is not UTF-8 with the numbers of its bytes."""
    raw = os.fsencode(name)
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return "".join(f"\\x{b:02x}" if b > 127 else chr(b) for b in raw)


def check_tally(have, rows, where):
    latencies = [int(r["latency"]) for r in rows]
    want = {"calls": len(rows), "errors": sum(1 for r in rows if r["error"]), "time": sum(latencies),
            "read": sum(int(r["read"]) for r in rows), "written": sum(int(r["written"]) for r in rows),
            "max": max(latencies, default=0)}
    assert {k: have[k] for k in want} == want, (where, have, want)
    for key, share in ("p50", 0.5), ("p99", 0.99), ("p999", 0.999):
        exact = second.quantile(latencies, share) if rows else 0
        assert exact <= have[key] <= exact * 33 / 32 + 1, (where, key, have[key], exact)


def check_hist(hist, values, where):
    assert hist["count"] == len(values) == sum(hist["rows"][1::2]), where
    edges = {row: row * 8 if row < 8 else (row * 8 % 32 + 32) << (row // 4 - 1) for row in range(300)}
    want = collections.Counter(max(row for row in edges if edges[row] <= v) for v in values)
    assert dict(zip(hist["rows"][::2], hist["rows"][1::2])) == want, (where, hist, want)


def check_side(side, rows):
    calls = [r for r in rows if r["op"] != "lost"]
    check_tally(side["totals"], calls, "totals")
    check_hist(side["latency"], [int(r["latency"]) for r in calls], "latency")
    check_hist(side["gap"], [int(r["gap"]) for r in calls if int(r["gap"])], "gap")
    check_hist(side["size"], [int(r["bytes"]) for r in calls if int(r["bytes"])], "size")
    bins, width = side["bins"], side["bins"]["width"]
    assert len(bins["calls"]) <= 480
    for i, have in enumerate(bins["calls"]):
        here = [r for r in calls if int(r["time"]) // width == i]
        assert (have, bins["read"][i], bins["written"][i]) == (len(here), sum(int(r["read"]) for r in here),
                                                               sum(int(r["written"]) for r in here)), i
        assert sum(bins["heat"][i][1::2]) == have and bins["max"][i] == max((int(r["latency"]) for r in here), default=0)
    assert sum(bins["calls"]) == len(calls)
    for table in side["tables"]:
        groups = collections.defaultdict(list)
        for r in calls:
            groups[tuple(shown(r[c]) for c in table["columns"])].append(r)
        for row in table["rows"]:
            check_tally(row, groups[tuple(row["key"])], (table["title"], row["key"]))
        assert len(table["rows"]) == min(table["total"], 100), table["title"]
    lost = [int(r["ret"]) for r in rows if r["op"] == "lost"]
    assert [side["lost"]] == (lost or [0])
    return len(calls)


def main():
    with open(sys.argv[1], encoding="utf-8") as f:
        page = Page(f.read())
    assert set(page.elements) == ELEMENTS, page.elements
    assert page.elements["script"] == 2, page.elements
    data = json.loads(page.scripts[0])
    allowed = re.search(r"script-src (.*)$", page.policy)[1].split()
    flames = [re.search(r"<script><!\[CDATA\[(.*)\]\]></script>\n</svg>", s["flame"], re.S)[1] for s in data["sides"]]
    assert set(allowed) == {digest(page.scripts[1]), *map(digest, flames)}, allowed
    assert "default-src 'none'" in page.policy and "unsafe-inline" not in page.policy.split("script-src")[1]
    for side, path in zip(data["sides"], sys.argv[2:], strict=True):
        with open(path, newline="", encoding="utf-8", errors="surrogateescape") as f:
            print(side["name"], check_side(side, list(csv.DictReader(f))), "calls")
    print(len(data["contrast"]), "tables of differences")


if __name__ == "__main__":
    main()
