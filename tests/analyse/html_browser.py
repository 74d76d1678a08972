#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""HTML reports in a browser: every element is there and does what it is for.

usage: html_browser.py SINGLE COMPARISON WITH-REPLAY OF-HOURS HOSTILE-NAME...
"""
import json
import re
import sys

import browser

# Points of a canvas that are not empty, and how many colours are among them.
PAINTED = """
var c = document.querySelectorAll(arguments[0] + ' canvas'), out = [];
for (var i = 0; i < c.length; i++) {
  var p = c[i].getContext('2d').getImageData(0, 0, c[i].width, c[i].height).data, n = 0, colours = {};
  for (var k = 0; k < p.length; k += 4) if (p[k + 3]) { n++; colours[p[k] + ',' + p[k + 1] + ',' + p[k + 2]] = 1; }
  out.push([n, Object.keys(colours).length]);
}
return out;"""
TEXT = "return [].map.call(document.querySelectorAll(arguments[0]), function (e) { return e.textContent; })"


def equal(name, have, want):
    print(f"ok {name}" if have == want else f"not ok {name}: {json.dumps(have)[:600]}, not {json.dumps(want)[:600]}")


def true(name, value, detail=""):
    print(f"ok {name}" if value else f"not ok {name}: {detail}")


def check_charts(b, name, charts, sides):
    painted = b.run(PAINTED, "main")
    equal(f"{name}: charts", len(painted), charts * sides)
    true(f"{name}: nothing is empty", all(n > 500 and colours > 3 for n, colours in painted), painted)
    labels = b.run("return [].map.call(document.querySelectorAll('.chart'), function (e) {"
                   "return [e.getAttribute('role'), e.getAttribute('tabindex'), (e.getAttribute('aria-label') || '').length > 20] })")
    equal(f"{name}: charts have names and take the focus", labels, [["img", "0", True]] * charts * sides)


def check_keys(b):
    readout = "#timeline .readout"
    b.keys("#timeline .chart", "home")
    first = b.run(TEXT, readout)[0]
    b.keys("#timeline .chart", "right", "right")
    second = b.run(TEXT, readout)[0]
    b.keys("#timeline .chart", "end")
    last = b.run(TEXT, readout)[0]
    true("keys move in a chart", first.startswith("from 0 ns:") and len({first, second, last}) == 3, (first, second, last))
    b.keys("#heat .chart", "home", "up", "up")
    true("keys move in the heat map", " calls" in b.run(TEXT, "#heat .readout")[0], b.run(TEXT, "#heat .readout"))


def check_tables(b, data):
    operations = data["sides"][0]["tables"][0]["rows"]
    column = "return [].map.call(document.querySelectorAll('#tables table')[0].tBodies[0].rows, function (r) { return r.cells[0].textContent })"
    equal("a table has its rows, by time", b.run(column), [r["key"][0] for r in sorted(operations, key=lambda r: -r["time"])])
    b.run("document.querySelectorAll('#tables table')[0].tHead.rows[0].cells[0].firstChild.focus()")
    b.keys("#tables table th button", "enter")
    equal("Enter sorts by name", b.run(column), sorted(r["key"][0] for r in operations))
    equal("and says so", b.run("return document.querySelector('#tables th[aria-sort]').getAttribute('aria-sort')"), "ascending")
    b.keys("#tables input", "read")
    equal("a search leaves what has it", b.run(column), sorted(r["key"][0] for r in operations if "read" in r["key"][0]))
    chosen = operations[0]["key"][0]
    before = b.run(PAINTED, "#histograms")
    b.run("var s = document.getElementById('operation'); s.value = arguments[0]; s.dispatchEvent(new Event('change'))", chosen)
    true("another operation is another histogram", b.run(PAINTED, "#histograms")[0] != before[0], chosen)


def check_flame(b):
    b.frame("#flame iframe")
    shown = "return [].filter.call(document.querySelectorAll('.f'), function (g) { return g.style.display !== 'none' }).length"
    count = b.run(shown)
    true("the flame graph is there", count > 20, count)
    b.run("[].filter.call(document.querySelectorAll('.f'), function (g) { return g.getAttribute('data-d') === '2' })[0]"
          ".dispatchEvent(new MouseEvent('click', {bubbles: true}))")
    true("a click zooms", 0 < b.run(shown) < count, b.run(shown))
    b.run("document.documentElement.dispatchEvent(new KeyboardEvent('keydown', {key: 'Escape', bubbles: true}))")
    equal("Escape goes back", b.run(shown), count)
    b.frame(None)


def check_hostile(b, names):
    cells = b.run(TEXT, "#tables td.name")
    for name in names:
        true(f"{name[:30]!a} is text", any(name in cell for cell in cells), "")
    equal("nothing of it is an element", b.run("return document.querySelectorAll('img, b, svg, object, main script').length"), 0)
    equal("nothing of it ran", b.run("return typeof window.pwned"), "undefined")
    b.frame("#flame iframe")
    equal("nor in the flame graph", b.run("return [typeof window.pwned, document.querySelectorAll('img, image, a').length]"), ["undefined", 0])
    b.frame(None)


def check_dark(b):
    ground = "return getComputedStyle(document.body).backgroundColor"
    light, before = b.run(ground), b.run(PAINTED, "#timeline")
    b.dark(True)
    true("dark is dark", sum(map(int, b.run(ground)[4:-1].split(","))) < 150 < 600 < sum(map(int, light[4:-1].split(","))), light)
    true("charts are drawn again", b.run(PAINTED, "#timeline") != before)
    b.dark(False)


def complaints(b):
    """But for what looking at the canvases brings."""
    return [c for c in b.complaints() if "willReadFrequently" not in c]


def data_of(b):
    return json.loads(b.run("return document.getElementById('data').textContent"))


def main():
    why = browser.missing()
    if why:
        print(f"skip in a browser: {why}")
        return
    with browser.Browser() as b:
        b.dark(False)
        b.open(sys.argv[1])
        equal("single: ready", b.run("return document.documentElement.getAttribute('data-ready')"), "true")
        data = data_of(b)
        equal("single: sections", b.run(TEXT, "h2"), ["Summary", "Time line", "Latency heat map", "Histograms", "Tables", "Flame graph"])
        equal("single: loss is said", b.run(TEXT, "#warnings p"),
              [f"{data['sides'][0]['name']}: {w}" for w in data["sides"][0]["warnings"]])
        true("single: there is loss", data["sides"][0]["warnings"])
        facts = dict(zip(b.run(TEXT, "dt"), b.run(TEXT, "dd")))
        equal("single: calls", facts["calls"].replace("\u202f", ""), str(data["sides"][0]["totals"]["calls"]))
        check_charts(b, "single", 7, 1)
        check_keys(b)
        check_tables(b, data)
        check_flame(b)
        check_dark(b)
        b.open(sys.argv[1])
        check_hostile(b, sys.argv[5:])
        equal("single: no complaint", complaints(b), [])
        b.open(sys.argv[2])
        equal("two: sections", b.run(TEXT, "h2"), ["Summary", "Differences", "Time line", "Latency heat map", "Histograms", "Flame graph"])
        check_charts(b, "two", 7, 2)
        verdicts = [r["verdict"] for r in sorted(data_of(b)["contrast"][0]["rows"], key=lambda r: -r["a"]["time"])]
        equal("two: verdicts", b.run("return [].map.call(document.querySelector('#differences table').tBodies[0].rows,"
                                     "function (r) { return r.cells[1].textContent })"), verdicts)
        lefts = b.run("return [].map.call(document.querySelectorAll('#timeline .sides > div'), function (e) {"
                      "var r = e.getBoundingClientRect(); return [Math.round(r.left), Math.round(r.top)] })")
        true("two: side by side", len(lefts) == 2 and lefts[0][0] < lefts[1][0] and lefts[0][1] == lefts[1][1], lefts)
        equal("two: no complaint", complaints(b), [])
        b.open(sys.argv[3])
        equal("replay: sections", b.run(TEXT, "h2"),
              ["Summary", "Replay", "Time line", "Latency heat map", "Histograms", "Tables", "Flame graph"])
        replay = data_of(b)["replay"]
        rows = sorted(replay["operations"], key=lambda o: -(o["time"][1] if "time" in o else -1))
        shown = b.run("return [].map.call(document.querySelector('#replay table').tBodies[0].rows,"
                      "function (r) { return r.cells[0].textContent + ' ' + r.cells[1].textContent })")
        equal("replay: verdicts", sorted(shown), sorted(o["op"] + " " + o.get("verdict", "not replayed") for o in rows))
        equal("replay: the most time first", shown[0].split()[0], rows[0]["op"])
        shown = b.run("return [].map.call(document.querySelectorAll('#replay table')[1].tBodies[0].rows,"
                      "function (r) { return r.cells[1].textContent + ' ' + r.cells[5].textContent })")
        equal("replay: files", sorted(shown), sorted(f"{o['verdict']} {int(o['count'])}" for o in replay["files"]))
        true("replay: there are files", len(shown) > 3, shown)
        equal("replay: totals", b.run(TEXT, "#replay dt"), [t["name"] for t in replay["totals"]])
        apart = b.run("var r = document.querySelector('#replay .card').getBoundingClientRect();"
                      "return r.top - document.querySelector('#replay dl').getBoundingClientRect().bottom")
        true("replay: the table stands apart", apart >= 10, apart)
        equal("replay: no complaint", complaints(b), [])
        b.open(sys.argv[4])
        b.keys("#timeline .chart", "home")
        first = b.run(TEXT, "#timeline .readout")[0]
        b.keys("#timeline .chart", "end")
        last = b.run(TEXT, "#timeline .readout")[0]
        true("hours: as a clock", first.startswith("from 0:00:") and re.match(r"from 33:\d\d:\d\d(\.\d)?: ", last), (first, last))
        equal("hours: no complaint", complaints(b), [])


if __name__ == "__main__":
    main()
