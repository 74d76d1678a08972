/* SPDX-License-Identifier: Apache-2.0 */
/* The report's script. What is in the data becomes text of the page, never elements. */
(function () {
'use strict';
var data = JSON.parse(document.getElementById('data').textContent);
var sides = data.sides, two = sides.length === 2;
var main = document.getElementById('main');

/* ---- text ---- */

/* What would not be seen, or would turn text around, is shown by its number. */
function plain(s) {
  return String(s).replace(/[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g, function (c) {
    var n = c.charCodeAt(0);
    return n < 256 ? '\\x' + (n < 16 ? '0' : '') + n.toString(16) : '\\u' + n.toString(16);
  });
}
function el(name, attributes, content) {
  var e = document.createElement(name), key;
  for (key in attributes || {}) e.setAttribute(key, attributes[key]);
  (Array.isArray(content) ? content : [content]).forEach(function (c) {
    if (c === undefined || c === null) return;
    e.appendChild(typeof c === 'object' ? c : document.createTextNode(plain(c)));
  });
  return e;
}
function digits(v) { return v >= 100 ? v.toFixed(0) : v >= 10 ? v.toFixed(1) : v.toFixed(2); }
function steps(v, units, factor) {
  for (var i = 0; i < units.length - 1 && v >= factor; i++) v /= factor;
  return (i === 0 && v === Math.floor(v) ? String(v) : digits(v)) + (units[i] ? ' ' + units[i] : '');
}
function ns(v) { return v === null || v === undefined ? '-' : steps(v, ['ns', 'us', 'ms', 's'], 1e3); }
function bytes(v) { return v ? steps(v, ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'], 1024) : v === 0 ? '0 B' : '-'; }
function count(v) { return v === null || v === undefined ? '-' : v < 10000 && v === Math.floor(v) ? String(v) : steps(v, ['', 'k', 'M', 'G', 'T'], 1e3); }
function whole(v) { return String(Math.round(v)).replace(/\B(?=(\d{3})+$)/g, '\u202f'); }
function per(format) { return function (v) { return v === null || v === undefined ? '-' : format(v) + '/s'; }; }
function some(n, what, more) { return whole(n) + ' ' + what + (n === 1 ? '' : more); }
function percent(v) { return (v > 0 ? '+' : '') + v.toFixed(1) + ' %'; }
function change(a, b) { return a > 0 ? percent(100 * (b - a) / a) : b > 0 ? 'new' : '\u00b1 0'; }
/* Tick labels without needless digits. */
function tick(format) {
  return function (u, values) {
    return values.map(function (v) { return v === null || v === undefined ? '' : format(v).replace(/(\.\d*?)0+(?= |\/|$)/, '$1').replace(/\.(?= |\/|$)/, ''); });
  };
}

/* ---- colours and charts ---- */

var charts = []; /* functions that draw again in today's colours */
function colour(name) { return getComputedStyle(document.documentElement).getPropertyValue('--' + name).trim(); }
function faded(c) { return c + '22'; }
/* Steps of bytes are powers of two. */
var powers = [];
for (var power = 0; power < 62; power++) powers.push(Math.pow(2, power));
function axis(format, extra) {
  var a = { stroke: colour('soft'), grid: { stroke: colour('grid'), width: 1 }, ticks: { stroke: colour('line'), width: 1, size: 5 },
    font: '12px system-ui, sans-serif', values: tick(format), size: 78 };
  for (var key in extra || {}) if (extra[key] !== undefined) a[key] = extra[key];
  return a;
}

/*
 * MAKE(width) gives options and data of uPlot. Keys move its cursor: left and right by a value (with Shift
 * by ten), Home and End to the ends; TELL says what is there.
 */
function chart(parent, title, label, height, make, tell) {
  var box = el('div', { 'class': 'chart', tabindex: '0', role: 'img', 'aria-label': label });
  var readout = el('div', { 'class': 'readout', 'aria-live': 'polite' });
  var plot = null, at = -1, row = 0;
  parent.appendChild(el('div', { 'class': 'card' }, [el('h3', {}, title), box, readout]));
  function draw() {
    var width = box.clientWidth || 600, o = make(width);
    if (plot) plot.destroy();
    o.options.width = width;
    o.options.height = height;
    o.options.legend = Object.assign({ live: false }, o.options.legend || {});
    o.options.cursor = Object.assign({ drag: { x: false, y: false } }, o.options.cursor || {});
    plot = new uPlot(o.options, o.data, box);
    box.uplot = plot;
  }
  function show() {
    var xs = plot.data[0];
    at = Math.max(0, Math.min(xs.length - 1, at));
    plot.setCursor({ left: plot.valToPos(xs[at], 'x') + 1, top: 10 });
    readout.textContent = plain(tell(at, row));
  }
  box.addEventListener('keydown', function (e) {
    var by = { ArrowLeft: -1, ArrowRight: 1, Home: -1e9, End: 1e9 }[e.key];
    if (e.key === 'ArrowUp' || e.key === 'ArrowDown') row += e.key === 'ArrowUp' ? 1 : -1;
    else if (by === undefined) return;
    else at += by * (e.shiftKey ? 10 : 1);
    e.preventDefault();
    show();
  });
  box.addEventListener('mousemove', function () {
    if (plot && plot.cursor.idx !== null && plot.cursor.idx !== undefined) {
      at = plot.cursor.idx;
      if (plot.cursor.top > 0 && plot.scales.y) row = plot.posToVal(plot.cursor.top, 'y');
      readout.textContent = plain(tell(at, row));
    }
  });
  draw();
  charts.push(draw);
  if (window.ResizeObserver) {
    var seen = box.clientWidth;
    new ResizeObserver(function () {
      if (Math.abs(box.clientWidth - seen) < 2) return;
      seen = box.clientWidth;
      plot.setSize({ width: seen, height: height });
    }).observe(box);
  }
  return { draw: draw };
}

/* ---- page ---- */

var names = sides.map(function (s) { return s.name; });
document.title = plain(names.join(' \u2013 ')) + ' \u2013 ioriot';
document.getElementById('title').textContent = plain(names.join(' and '));
document.getElementById('subtitle').textContent = sides.map(function (s) {
  var h = s.header, from = [];
  if (h.cmd) from.push('of ' + h.cmd);
  if (h.backend) from.push('recorded by ' + h.backend);
  if (h.host) from.push('on ' + h.host);
  if (h.kernel) from.push('Linux ' + h.kernel);
  if (h.start_wall > 0) from.push('at ' + new Date(h.start_wall / 1e6).toISOString().replace('T', ' ').slice(0, 19) + ' UTC');
  if (h.files) from.push('only what was done to ' + h.files);
  if (h.only || h.filter) from.push('only calls ' + [h.only && 'named by ' + h.only, h.filter && 'with ' + h.filter].filter(Boolean).join(' and '));
  return plain((two ? s.name + ': ' : '') + whole(s.records) + ' records of ' + some(s.processes, 'process', 'es') + ' and ' +
    some(s.threads, 'thread', 's') + (from.length ? ', ' + from.join(', ') : '') +
    (s.filter ? '. Chosen by ' + s.filter + ': ' + whole(s.totals.calls) + ' of ' + whole(s.allCalls) + ' calls' : ''));
}).join('\n');
sides.forEach(function (s) {
  s.warnings.forEach(function (w) {
    document.getElementById('warnings').appendChild(el('p', { 'class': 'warning' }, s.name + ': ' + w));
  });
});

function section(id, title, note) {
  var s = el('section', { id: id, 'aria-labelledby': id + '-title' }, [el('h2', { id: id + '-title' }, title),
    note ? el('p', { 'class': 'note' }, note) : null]);
  main.appendChild(s);
  document.getElementById('nav').appendChild(el('a', { href: '#' + id }, title));
  return s;
}
/* A column for each side: what is compared stands side by side. */
function columns(parent, kind) {
  var grid = el('div', { 'class': 'sides' + (two ? ' two' : kind || '') });
  parent.appendChild(grid);
  return sides.map(function (s, i) {
    if (!two) return grid;
    var column = el('div', { 'class': 'side-' + i }, el('p', { 'class': 'side-name' }, s.name));
    grid.appendChild(column);
    return column;
  });
}

/* ---- summary ---- */

(function () {
  var s = section('summary', 'Summary', two ? 'First, second, and the change from first to second.' : null);
  var list = el('dl', { 'class': 'cards' });
  function fact(name, of, format) {
    var v = sides.map(of), body = [el('dt', {}, name)];
    if (two) {
      body.push(el('dd', { 'class': 'first' }, format(v[0])), el('dd', { 'class': 'second' }, [format(v[1]) + ' ',
        el('small', {}, change(v[0], v[1]))]));
    } else {
      body.push(el('dd', {}, format(v[0])));
    }
    list.appendChild(el('div', { 'class': 'fact' }, body));
  }
  fact('length', function (x) { return x.length; }, ns);
  fact('calls', function (x) { return x.totals.calls; }, whole);
  fact('calls per second', function (x) { return x.length ? x.totals.calls * 1e9 / x.length : 0; }, count);
  fact('failed', function (x) { return x.totals.errors; }, whole);
  fact('read', function (x) { return x.totals.read; }, bytes);
  fact('written', function (x) { return x.totals.written; }, bytes);
  fact('transferred', function (x) { return x.transferred; }, bytes);
  fact('time in calls', function (x) { return x.totals.time; }, ns);
  fact('latency p50', function (x) { return x.totals.p50; }, ns);
  fact('latency p99', function (x) { return x.totals.p99; }, ns);
  fact('latency p99.9', function (x) { return x.totals.p999; }, ns);
  fact('latency max', function (x) { return x.totals.max; }, ns);
  fact('records lost', function (x) { return x.lost; }, whole);
  s.appendChild(list);
})();

/* ---- what differs ---- */

function table(parent, caption, heads, rows, sorted) {
  var by = sorted, down = true, text = '';
  var body = el('tbody'), input = el('input', { type: 'search', 'aria-label': 'show only rows of ' + caption + ' with this text' });
  var row = el('tr'), status = el('span', { 'class': 'note', role: 'status' });
  heads.forEach(function (h, i) {
    var button = el('button', { type: 'button' }, h.name);
    button.addEventListener('click', function () {
      down = by === i ? !down : !h.text;
      by = i;
      fill();
    });
    row.appendChild(el('th', { scope: 'col', 'class': h.text ? 'text' : '' }, button));
  });
  function fill() {
    var shown = rows.filter(function (r) { return !text || r.some(function (c) { return typeof c === 'string' && c.toLowerCase().indexOf(text) >= 0; }); });
    shown.sort(function (x, y) {
      var a = x[by], b = y[by];
      var c = heads[by].text ? (a < b ? -1 : a > b ? 1 : 0) : (a === null ? -1 : a) - (b === null ? -1 : b);
      return down ? -c : c;
    });
    [].forEach.call(row.children, function (th, i) {
      if (i === by) th.setAttribute('aria-sort', down ? 'descending' : 'ascending');
      else th.removeAttribute('aria-sort');
    });
    body.textContent = '';
    shown.forEach(function (r) {
      body.appendChild(el('tr', {}, heads.map(function (h, i) {
        var cell = el(h.header ? 'th' : 'td', h.header ? { scope: 'row' } : {}), c = h.format ? h.format(r[i]) : r[i];
        if (h.share !== undefined) {
          var span = el('span', {}, c);
          span.style.backgroundSize = Math.max(0, Math.min(100, h.share ? 100 * r[i] / h.share : 0)) + '% 100%';
          cell.appendChild(span);
          cell.className = 'share';
        } else {
          cell.appendChild(document.createTextNode(plain(c === '' ? '-' : c)));
          cell.className = h.style ? h.style(r[i]) : h.text ? 'text name' : '';
        }
        return cell;
      })));
    });
    status.textContent = text ? shown.length + ' of ' + rows.length + ' rows' : '';
  }
  input.addEventListener('input', function () { text = input.value.toLowerCase(); fill(); });
  fill();
  parent.appendChild(el('div', { 'class': 'card' }, [
    el('div', { 'class': 'controls' }, [el('h3', {}, caption), rows.length > 8 ? el('label', {}, ['show only ', input]) : null, status]),
    el('div', { 'class': 'scroll', tabindex: '0', role: 'region', 'aria-label': caption },
      el('table', { 'class': 'data' }, [el('thead', {}, row), body]))]));
}
function left(total, rows) { return total > rows.length ? ' (' + rows.length + ' of ' + whole(total) + ', by time)' : ''; }

if (two) (function () {
  var s = section('differences', 'Differences', 'Ratio is second / first of a typical latency, with its 95 % interval from batches of calls. ' +
    'Of twenty verdicts one is wrong by chance.');
  data.contrast.forEach(function (t) {
    var rows = t.rows.map(function (r) {
      return [r.key.join(' '), r.verdict, r.ratio, r.low === null ? '' : r.low.toFixed(3) + ' to ' + r.high.toFixed(3), r.a.calls, r.b.calls,
        r.a.time, r.b.time, r.a.calls ? r.a.p50 : null, r.b.calls ? r.b.p50 : null, r.a.calls ? r.a.p99 : null, r.b.calls ? r.b.p99 : null];
    });
    table(s, t.title + left(t.total, rows), [{ name: t.column, text: true },
      { name: 'latency', text: true, style: function (v) { return v === 'slower' || v === 'faster' ? v + ' text' : 'unsure text'; } },
      { name: 'ratio', format: function (v) { return v === null ? '-' : v.toFixed(3); } }, { name: '95 % interval', style: function () { return ''; } },
      { name: 'calls 1', format: whole }, { name: 'calls 2', format: whole }, { name: 'time 1', format: ns }, { name: 'time 2', format: ns },
      { name: 'p50 1', format: ns }, { name: 'p50 2', format: ns }, { name: 'p99 1', format: ns }, { name: 'p99 2', format: ns }], rows, 6);
  });
})();

if (data.replay) (function () {
  var r = data.replay, s = section('replay', 'Replay', r.file + ', ' + r.runs + (r.runs === 1 ? ' run' : ' runs') +
    (r.incomplete ? ', ' + r.incomplete + ' incomplete and left out' : '') + '. Ratio is replayed / captured of the median latency, of the median ' +
    'run and in all runs. Latencies of both are those of the operations that were replayed; charts and tables below are of the capture.');
  if (r.diverged) s.appendChild(el('p', { 'class': 'warning' }, 'up to ' + whole(r.diverged) + ' divergences in a run: it did not do what was captured'));
  var unit = function (t, v) { return t.unit === 'ns' ? ns(v) : whole(v); };
  s.appendChild(el('dl', { 'class': 'cards' }, r.totals.map(function (t) {
    return el('div', { 'class': 'fact' }, [el('dt', {}, t.name), el('dd', { 'class': 'first' }, unit(t, t.a)),
      el('dd', { 'class': 'second' }, [unit(t, t.b) + ' ', el('small', {}, change(t.a, t.b))])]);
  })));
  var row = function (o) {
    var none = [null, null], time = o.time || none, p50 = o.p50 || none, p99 = o.p99 || none, known = typeof o.ratio === 'number';
    return [o.op, o.verdict || 'not replayed', known ? o.ratio : null, known ? o.low.toFixed(3) + ' to ' + o.high.toFixed(3) : '', o.calls, o.count,
      time[0], time[1], p50[0], p50[1], p99[0], p99[1], o.time ? o.wait : null];
  };
  var show = function (title, name, rows) { table(s, title, [{ name: name, text: true },
    { name: 'latency', text: true, style: function (v) { return v === 'slower' || v === 'faster' ? v + ' text' : 'unsure text'; } },
    { name: 'ratio', format: function (v) { return v === null ? '-' : v.toFixed(3); } }, { name: 'in all runs', style: function () { return ''; } },
    { name: 'calls 1', format: whole }, { name: 'calls 2', format: whole }, { name: 'time 1', format: ns }, { name: 'time 2', format: ns },
    { name: 'p50 1', format: ns }, { name: 'p50 2', format: ns }, { name: 'p99 1', format: ns }, { name: 'p99 2', format: ns },
    { name: 'ordering', format: ns }], rows.map(row), 7); };
  show('Operations, captured and replayed', 'op', r.operations);
  if (r.files.length) show('Files, captured and replayed' + left(r.all_files, r.files), 'file', r.files);
})();

/* ---- time line ---- */

var longest = Math.max.apply(null, sides.map(function (s) { return s.bins.width * s.bins.calls.length || s.length; }).concat([1])) / 1e9;
function starts(b) { return b.calls.map(function (v, i) { return i * b.width / 1e9; }); }
function rates(b, key) { return b[key].map(function (v) { return v * 1e9 / b.width; }); }
/* From two minutes on as a clock has it: 2:05, 1:02:05. */
function clock(v) {
  var s = Math.round(v * 10) / 10, m = Math.floor(s / 60), rest = s - 60 * m, text = rest.toFixed(rest % 1 ? 1 : 0);
  function two(t) { return t.replace(/^(?=\d(\.|$))/, '0'); }
  return (m >= 60 ? Math.floor(m / 60) + ':' + two(String(m % 60)) : String(m)) + ':' + two(text);
}
function seconds(v) { return longest < 120 ? ns(v * 1e9) : clock(v); }
var second_steps = [];
for (var tenth = -9; tenth < 0; tenth++) [1, 2, 5].forEach(function (n) { second_steps.push(n * Math.pow(10, tenth)); });
second_steps.push(1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800);
for (var hours = 3600; hours < 1e9; hours *= 2) second_steps.push(hours);
function time_axis() { return axis(seconds, { size: 34, incrs: second_steps, values: function (u, v) { return longest < 120 ? tick(seconds)(u, v) : v.map(clock); } }); }
function highest(of) {
  return Math.max.apply(null, sides.map(function (s) { return Math.max.apply(null, of(s.bins).concat([0])); }).concat([0]));
}
function lines(b, series, format, top, log, binary) {
  var stepped = uPlot.paths.stepped({ align: 1 });
  return {
    options: {
      scales: { x: { time: false, range: [0, longest] }, y: log ? { distr: 3, range: [log, top] } : { range: [0, top * 1.05 || 1] } },
      axes: [time_axis(), axis(format, log ? { splits: function () {
        var v = [];
        for (var k = log; k <= top; k *= 10) v.push(k);
        return v.length > 5 ? v.filter(function (x, i) { return i % 2 === 0; }) : v;
      }, filter: function (u, v) { return v; } } : { size: 78, incrs: binary ? powers : undefined })],
      series: [{}].concat(series.map(function (x) {
        return { label: x.label, stroke: colour(x.colour), fill: x.fill ? faded(colour(x.colour)) : undefined, width: 1.4, paths: stepped,
          points: { show: false } };
      }))
    },
    data: [starts(b)].concat(series.map(function (x) { return x.data; }))
  };
}
function peak(values, b) {
  var top = 0;
  values.forEach(function (v, i) { if (v > values[top]) top = i; });
  return values.length ? { value: values[top], at: seconds(top * b.width / 1e9) } : { value: 0, at: '0' };
}

(function () {
  var s = section('timeline', 'Time line', 'By when calls began. Arrow keys move in a chart that has the focus.');
  columns(s).forEach(function (column, i) {
    var b = sides[i].bins, calls = rates(b, 'calls'), reads = rates(b, 'read'), writes = rates(b, 'written'), errors = rates(b, 'errors');
    var width = b.calls.length + ' pieces of ' + ns(b.width), p = peak(calls, b), r = peak(reads, b), w = peak(writes, b), q = peak(b.p99, b);
    chart(column, 'Calls per second', 'Calls per second over time, in ' + width + ': at most ' + count(p.value) + ' at ' + p.at, 190, function () {
      return lines(b, [{ label: 'calls', colour: 'a', fill: true, data: calls }, { label: 'failed', colour: 'bad', data: errors }],
        per(count), highest(function (x) { return rates(x, 'calls'); }));
    }, function (k) { return 'from ' + seconds(k * b.width / 1e9) + ': ' + count(calls[k]) + ' calls/s, ' + count(errors[k]) + ' failed/s'; });
    chart(column, 'Bytes per second', 'Bytes read and written per second over time, in ' + width + ': at most ' + bytes(r.value) + ' read at ' + r.at +
      ', ' + bytes(w.value) + ' written at ' + w.at, 190, function () {
      return lines(b, [{ label: 'read', colour: 'c', fill: true, data: reads }, { label: 'written', colour: 'b', fill: true, data: writes }],
        per(bytes), highest(function (x) { return rates(x, 'read').concat(rates(x, 'written')); }), 0, true);
    }, function (k) { return 'from ' + seconds(k * b.width / 1e9) + ': read ' + bytes(reads[k]) + '/s, written ' + bytes(writes[k]) + '/s'; });
    chart(column, 'Latency', 'Latency of calls over time, 50th and 99th percentile and maximum of ' + width + ': p99 at most ' + ns(q.value) +
      ' at ' + q.at, 190, function () {
      function shown(v) { return v > 0 ? v : null; } /* calls that never return have no length */
      var low = Math.pow(10, Math.floor(Math.log10(Math.max(1, Math.min.apply(null, b.p50.filter(function (v) { return v > 0; }).concat([1e6]))))));
      return lines(b, [{ label: 'p50', colour: 'a', data: b.p50.map(shown) }, { label: 'p99', colour: 'd', data: b.p99.map(shown) },
        { label: 'max', colour: 'b', data: b.max.map(shown) }], ns, Math.max(10 * low, highest(function (x) { return x.max; }) * 1.5), low);
    }, function (k) { return b.calls[k] ? 'from ' + seconds(k * b.width / 1e9) + ': p50 ' + ns(b.p50[k]) + ', p99 ' + ns(b.p99[k]) + ', max ' + ns(b.max[k]) : 'from ' + seconds(k * b.width / 1e9) + ': no calls'; });
  });
})();

/* ---- heat map ---- */

/* The least value in row I of SIZE buckets: datas/hist.h. */
function edge(i, size) {
  var bucket = i * size;
  return bucket < 64 ? bucket : (bucket % 32 + 32) * Math.pow(2, Math.floor(bucket / 32) - 1);
}
/*
 * Rows from the least to the largest that anything is in. Some calls have no length at all, such as an execve
 * whose entry nobody saw: when these stand far apart they are left out, and told.
 */
function extent(lists) {
  var rows = {}, all, zero = 0;
  lists.forEach(function (list) { each(list, function (row, n) { rows[row] = (rows[row] || 0) + n; }); });
  all = Object.keys(rows).map(Number).sort(function (a, b) { return a - b; });
  if (all.length > 1 && all[0] === 0 && all[1] > 12) zero = rows[all.shift()];
  return all.length ? { low: all[0], high: all[all.length - 1], below: zero } : { low: 20, high: 20, below: 0 };
}
function below(n, size, format) { return n ? ', and ' + whole(n) + ' of less than ' + format(edge(1, size)) : ''; }
function each(list, f) { for (var i = 0; i < list.length; i += 2) f(list[i], list[i + 1]); }

(function () {
  var s = section('heat', 'Latency heat map', 'How many calls began when, and how long they took. Up and down arrows change the row that is told.');
  var most = 1, range = extent([].concat.apply([], sides.map(function (x) { return x.bins.heat; })));
  var low = range.low, high = range.high;
  sides.forEach(function (x) {
    x.bins.heat.forEach(function (rows) { each(rows, function (row, n) { most = Math.max(most, n); }); });
  });
  function shade(n) {
    var dark = matchMedia('(prefers-color-scheme: dark)').matches, v = Math.log(1 + n) / Math.log(1 + most);
    return 'hsl(' + Math.round(222 - 190 * v) + ',' + Math.round(70 + 15 * v) + '%,' + Math.round(dark ? 24 + 42 * v : 90 - 44 * v) + '%)';
  }
  columns(s).forEach(function (column, i) {
    var b = sides[i].bins;
    chart(column, 'Latency of calls over time', 'Heat map of latency over time: calls took ' + ns(edge(low, 16)) + ' to ' + ns(edge(high + 1, 16)) +
      '; at most ' + whole(most) + ' in one cell', 300, function () {
      return {
        options: {
          scales: { x: { time: false, range: [0, longest] }, y: { range: [low, high + 1] } },
          axes: [time_axis(), axis(ns, {
            splits: function () { var v = []; for (var k = low; k <= high + 1; k++) if (!(k % 4)) v.push(k); return v; },
            values: function (u, v) { return v.map(function (k) { return ns(edge(k, 16)); }); } })],
          legend: { show: false },
          series: [{}, { paths: function () { return null; }, points: { show: false } }],
          hooks: { draw: [function (u) {
            var c = u.ctx;
            c.save();
            c.beginPath();
            c.rect(u.bbox.left, u.bbox.top, u.bbox.width, u.bbox.height);
            c.clip();
            b.heat.forEach(function (rows, k) {
              var x = Math.floor(u.valToPos(k * b.width / 1e9, 'x', true)), next = Math.ceil(u.valToPos((k + 1) * b.width / 1e9, 'x', true));
              each(rows, function (row, n) {
                var y = Math.floor(u.valToPos(row + 1, 'y', true));
                c.fillStyle = shade(n);
                c.fillRect(x, y, Math.max(1, next - x), Math.ceil(u.valToPos(row, 'y', true)) - y);
              });
            });
            c.restore();
          }] }
        },
        data: [starts(b), b.calls.map(function () { return low; })]
      };
    }, function (k, row) {
      var r = Math.max(low, Math.min(high, Math.floor(row))), n = 0;
      each(b.heat[k] || [], function (x, m) { if (x === r) n = m; });
      return 'from ' + seconds(k * b.width / 1e9) + ', ' + ns(edge(r, 16)) + ' to ' + ns(edge(r + 1, 16)) + ': ' + whole(n) + ' calls';
    });
    var scale = el('span', { 'class': 'scale', 'aria-hidden': 'true' });
    function paint() {
      scale.style.background = 'linear-gradient(90deg,' + [0, .25, .5, .75, 1].map(function (v) { return shade(Math.exp(v * Math.log(1 + most)) - 1); }).join(',') + ')';
    }
    paint();
    charts.push(paint);
    column.lastChild.appendChild(el('div', { 'class': 'note' }, ['1', scale, whole(most) + ' calls' + below(range.below, 16, ns)]));
  });
})();

/* ---- histograms ---- */

function bars(parent, title, of, format) {
  function span() { return extent(sides.map(of).map(function (h) { return h ? h.rows : []; })); }
  return parent.map(function (column, i) {
    function here() { var h = of(sides[i]), counts = {}; each(h ? h.rows : [], function (row, n) { counts[row] = n; }); return counts; }
    return chart(column, title + below(span().below, 8, format), title + ', in rows of a quarter of a power of two', 210, function () {
      var r = span(), counts = here(), xs = [], ys = [];
      for (var k = r.low; k <= r.high; k++) { xs.push(k); ys.push(counts[k] || 0); }
      return {
        options: {
          scales: { x: { time: false, range: [r.low, r.high + 1] }, y: { range: function (u, a, z) { return [0, z * 1.05 || 1]; } } },
          axes: [axis(format, { size: 34, space: 64, incrs: [1, 2, 4, 8, 16, 32, 64], values: function (u, v) {
            return v.map(function (k) { return k === Math.floor(k) ? tick(format)(u, [edge(k, 8)])[0] : ''; }); } }), axis(count)],
          legend: { show: false },
          series: [{}, { label: 'calls', stroke: colour(i ? 'b' : 'a'), fill: faded(colour(i ? 'b' : 'a')), points: { show: false }, width: 1,
              paths: uPlot.paths.bars({ size: [1, 100], align: 1 }) }]
        },
        data: [xs, ys]
      };
    }, function (k) {
      var row = span().low + k, h = of(sides[i]), n = here()[row] || 0;
      return format(edge(row, 8)) + ' to ' + format(edge(row + 1, 8)) + ': ' + whole(n) + ' calls' + (h && h.count ? ', ' + (100 * n / h.count).toFixed(1) + ' %' : '');
    });
  });
}

(function () {
  var s = section('histograms', 'Histograms');
  var select = el('select', { id: 'operation' }, el('option', { value: '' }, 'all operations')), seen = {}, chosen = '', drawn;
  sides.forEach(function (x) {
    x.tables[0].rows.forEach(function (r) {
      if (!seen['$' + r.key[0]]) select.appendChild(el('option', { value: r.key[0] }, r.key[0]));
      seen['$' + r.key[0]] = true;
    });
  });
  s.appendChild(el('div', { 'class': 'controls' }, el('label', {}, ['latency of ', select])));
  var where = columns(s, ' three');
  function latency(x) {
    var found = x.tables[0].rows.filter(function (r) { return r.key[0] === chosen; })[0];
    return chosen ? found && found.hist : x.latency;
  }
  drawn = bars(where, 'Latency', latency, ns);
  bars(where, 'Gap: time a thread spent outside of calls', function (x) { return x.gap; }, ns);
  bars(where, 'Size: bytes that a call moved', function (x) { return x.size; }, bytes);
  select.addEventListener('change', function () { chosen = select.value; drawn.forEach(function (c) { c.draw(); }); });
})();

/* ---- tables ---- */

if (!two) (function () {
  var s = section('tables', 'Tables', 'Time is that of all threads together. A heading sorts by its column.');
  sides[0].tables.forEach(function (t) {
    var n = t.columns.length, whole_time = sides[0].totals.time;
    var rows = t.rows.map(function (r) {
      return t.columns.map(function (c, i) { return r.key[i]; }).concat([r.calls, r.errors, r.read, r.written, r.time, r.p50, r.p99, r.max]);
    });
    if (!rows.length) return;
    table(s, t.title + left(t.total, rows), t.columns.map(function (c) { return { name: c, text: true }; }).concat([{ name: 'calls', format: whole },
      { name: 'errors', format: function (v) { return v ? whole(v) : '-'; } }, { name: 'read', format: function (v) { return v ? bytes(v) : '-'; } },
      { name: 'written', format: function (v) { return v ? bytes(v) : '-'; } },
      { name: 'time', format: function (v) { return ns(v) + (whole_time ? '  ' + (100 * v / whole_time).toFixed(1) + ' %' : ''); }, share: whole_time },
      { name: 'p50', format: ns }, { name: 'p99', format: ns }, { name: 'max', format: ns }]), rows, n + 4);
  });
})();

/* ---- flame graph ---- */

(function () {
  var s = section('flame', 'Flame graph', 'Each frame is as wide as its share. A click or Enter zooms, typing searches, Escape goes back.');
  sides.forEach(function (x, i) {
    var size = /viewBox="0 0 (\d+) (\d+)"/.exec(x.flame);
    var frame = el('iframe', { 'class': 'flame', sandbox: 'allow-scripts', title: 'Flame graph' + (two ? ' of ' + plain(x.name) : ''),
      src: 'data:image/svg+xml;charset=utf-8,' + encodeURIComponent(x.flame) });
    if (size) frame.style.aspectRatio = size[1] + ' / ' + size[2];
    s.appendChild(el('div', { 'class': 'card side-' + i }, [two ? el('p', { 'class': 'side-name' }, x.name) : null, frame]));
  });
})();

document.getElementById('footer').textContent = 'Made by ioriot -a. Quantiles come from histograms with 32 steps for each power of two: at most 3.2 % too large, never too small. ' +
  'Charts: uPlot, MIT licence.';
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', function () { charts.forEach(function (draw) { draw(); }); });
document.documentElement.setAttribute('data-ready', 'true');
})();
