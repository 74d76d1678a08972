/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>

#include "report/html/assets.h"
#include "report/stacks.h"
#include "utils/human.h"

/*
 * A flame graph (Brendan Gregg, "The Flame Graph", CACM 59(6), 2016): each frame is as wide as its share of
 * the whole, above it what it is made of. One file: click a frame to zoom, type to search.
 */

#define WIDTH	 1200
#define ROW	 17
#define HEAD	 58
#define CHAR	 6.6 /* pixels of one in a label: 11px, 0.6 em wide */
#define MIN_PX	 0.1 /* narrower frames are left out, and counted; more of them when there are too many */
#define DEPTH_MAX 512 /* rows; what is deeper is left out as well */

static void put_xml(struct buf *out, struct str s)
{
	size_t i;

	for (i = 0; i < s.len; i++) {
		unsigned char c = (unsigned char)s.s[i];

		if (c == '<')
			buf_puts(out, "&lt;");
		else if (c == '>')
			buf_puts(out, "&gt;");
		else if (c == '&')
			buf_puts(out, "&amp;");
		else if (c == '"')
			buf_puts(out, "&quot;");
		else
			buf_char(out, (char)c);
	}
}

/* Length of the UTF-8 sequence at P, 0 when it is none (RFC 3629). */
static size_t utf8_len(const unsigned char *p, size_t left)
{
	size_t len = p[0] < 0x80 ? 1 : p[0] < 0xc2 ? 0 : p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : p[0] < 0xf5 ? 4 : 0;
	size_t i;

	if (len > left)
		return 0;
	for (i = 1; i < len; i++)
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	if ((p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] > 0x9f) || (p[0] == 0xf0 && p[1] < 0x90) ||
		(p[0] == 0xf4 && p[1] > 0x8f))
		return 0;
	return len;
}

static uint32_t utf8_decode(const unsigned char *p, size_t len)
{
	uint32_t c = len == 1 ? p[0] : p[0] & (0x7fu >> len);
	size_t i;

	for (i = 1; i < len; i++)
		c = c << 6 | (p[i] & 0x3f);
	return c;
}

/* What would not be seen, turns text around, or may not be in XML. */
static bool is_hidden(uint32_t c)
{
	return (c >= 0x7f && c <= 0x9f) || (c >= 0x200b && c <= 0x200f) || (c >= 0x2028 && c <= 0x202e) ||
	       (c >= 0x2066 && c <= 0x2069) || c == 0xfeff || c == 0xfffe || c == 0xffff;
}

/* XML has to be UTF-8, file names need not be. */
static void put_name(struct buf *out, struct str s)
{
	size_t i = 0, len;

	while (i < s.len) {
		const unsigned char *at = (const unsigned char *)s.s + i;

		len = utf8_len(at, s.len - i);
		if (len && is_hidden(utf8_decode(at, len)))
			buf_addf(out, "\\u%04x", utf8_decode(at, len));
		else if (len)
			put_xml(out, (struct str){s.s + i, len});
		else
			buf_addf(out, "\\x%02x", (unsigned char)s.s[i]);
		i += len ? len : 1;
	}
}

/* As much of the name as there is room for; without scripts it stays so. */
static void put_label(struct buf *out, struct str name, size_t room)
{
	if (room < 4)
		return;
	if (name.len <= room - 1) {
		put_name(out, name);
		return;
	}
	for (name.len = room - 2; name.len && (name.s[name.len] & 0xc0) == 0x80;)
		name.len--;
	put_name(out, name);
	buf_puts(out, "\xe2\x80\xa6");
}

static void put_value(struct buf *out, const struct stacks *s, uint64_t v)
{
	char text[HUMAN_LEN];

	if (strcmp(s->unit, "ns") == 0)
		buf_puts(out, human_ns(text, v));
	else if (strcmp(s->unit, "bytes") == 0)
		buf_puts(out, human_bytes(text, (double)v));
	else
		buf_addf(out, "%" PRIu64 " %s", v, s->unit);
}

/* Warm for what the kernel was asked, by name, so that the same name looks the same everywhere. */
static void put_colour(struct buf *out, struct str name)
{
	uint64_t h = hash_bytes(name.s, name.len, 1);
	bool directory = name.len && name.s[name.len - 1] == '/';

	if (directory)
		buf_addf(out, "hsl(%u,45%%,%u%%)", 190 + (unsigned)(h % 40), 66 + (unsigned)(h / 64 % 12));
	else
		buf_addf(out, "hsl(%u,80%%,%u%%)", 8 + (unsigned)(h % 42), 58 + (unsigned)(h / 64 % 14));
}

static void put_frame(struct buf *out, const struct stacks *s, const struct frame *f, unsigned rows)
{
	double scale = WIDTH / (double)s->root.total, x = (double)f->start * scale;
	unsigned y = HEAD + (rows - 1 - f->depth) * ROW;

	buf_addf(out, "<g class=\"f\" tabindex=\"0\" data-x=\"%.4f\" data-w=\"%.4f\" data-d=\"%u\"><title>", x,
		(double)f->total * scale, f->depth);
	put_name(out, f->name);
	buf_puts(out, ": ");
	put_value(out, s, f->total);
	buf_addf(out, ", %.2f %%</title><rect x=\"%.2f\" y=\"%u\" width=\"%.2f\" height=\"%u\" rx=\"2\" fill=\"",
		100.0 * (double)f->total / (double)s->root.total, x, y, (double)f->total * scale, ROW - 1);
	put_colour(out, f->name);
	buf_addf(out, "\"/><text x=\"%.2f\" y=\"%u\">", x + 3, y + 12);
	put_label(out, f->name, (size_t)((double)f->total * scale / CHAR));
	buf_puts(out, "</text></g>\n");
}

static bool is_shown(const struct stacks *s, const struct frame *f)
{
	return s->root.total && (double)f->total * WIDTH >= s->min_px * (double)s->root.total &&
	       f->depth < DEPTH_MAX;
}

static unsigned rows_of(const struct stacks *s)
{
	const struct frame *f;
	unsigned rows = 1;

	for (f = &s->root; f; f = stacks_next(f, is_shown(s, f)))
		if (is_shown(s, f) && f->depth + 1 > rows)
			rows = f->depth + 1;
	return rows;
}

static const char style[] =
	"<style>svg{font:12px ui-sans-serif,system-ui,sans-serif;background:#fff;color:#222}"
	"text{pointer-events:none;fill:#111}.f text{font:11px ui-monospace,monospace}"
	".h{fill:#222}.t{font-size:16px}.f rect{cursor:pointer}"
	".f:hover rect,.f:focus rect{stroke:#000;stroke-width:1.2}.f:focus{outline:none}"
	".m rect{fill:#7b3fe4}.m text{fill:#fff}"
	".p{opacity:.45}@media(prefers-color-scheme:dark){svg{background:#16181d}.h{fill:#ddd}"
	".f:hover rect,.f:focus rect{stroke:#fff}}</style>\n";

static void put_title(const struct stacks *s, const struct ending *e, unsigned left_out, struct buf *out)
{
	struct buf warnings = BUF_INIT;
	struct str rest, line;

	buf_puts(out, "<text class=\"h t\" x=\"8\" y=\"20\">");
	put_name(out, str_of(e->capture));
	buf_puts(out, ": ");
	put_value(out, s, s->root.total);
	buf_addf(out, " of %" PRIu64 " calls", e->chosen);
	ending_warn(e, &warnings);
	rest = buf_as_str(&warnings);
	while (str_take_char(&rest, '\n', &line))
		if (line.len) {
			buf_puts(out, " \xe2\x80\x94 ");
			put_name(out, line);
		}
	buf_free(&warnings);
	buf_addf(out, "</text>\n<text class=\"h\" id=\"info\" x=\"8\" y=\"38\"></text>\n"
		      "<text class=\"h\" id=\"found\" x=\"%d\" y=\"52\" text-anchor=\"end\"></text>\n", WIDTH - 8);
	if (left_out)
		buf_addf(out, "<text class=\"h\" x=\"8\" y=\"52\">%u frame%s too narrow to show</text>\n", left_out,
			left_out == 1 ? "" : "s");
}

static size_t frames_shown(const struct stacks *s)
{
	const struct frame *f;
	size_t n = 0;

	for (f = &s->root; f; f = stacks_next(f, is_shown(s, f)))
		n += is_shown(s, f);
	return n;
}

void stacks_flame(struct stacks *s, const struct ending *e, size_t most, struct buf *out)
{
	unsigned rows, left_out = 0;
	struct buf frames = BUF_INIT;
	const struct frame *f;

	s->min_px = MIN_PX;
	while (most && frames_shown(s) > most)
		s->min_px *= 2;
	rows = rows_of(s);
	for (f = &s->root; f; f = stacks_next(f, is_shown(s, f))) {
		if (is_shown(s, f))
			put_frame(&frames, s, f, rows);
		else
			left_out += f != &s->root;
	}
	buf_addf(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
		      "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %u\" width=\"100%%\" tabindex=\"0\" "
		      "role=\"img\" aria-label=\"flame graph\">\n", WIDTH, HEAD + rows * ROW + 8);
	buf_puts(out, style);
	put_title(s, e, left_out, out);
	if (buf_ok(&frames))
		buf_str(out, buf_as_str(&frames));
	else
		out->failed = true;
	buf_puts(out, "<script><![CDATA[");
	buf_str(out, assets_flame_script());
	buf_puts(out, "]]></script>\n");
	buf_puts(out, "</svg>\n");
	buf_free(&frames);
}
