/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "capture/stap.h"

/*
 * A frame is SystemTap's header {[magic,] sequence, length} and a block. Which of the two headers
 * it is shows where the first block begins. Frames are looked for by the magic number of blocks:
 * after damage, the next good one is found again, and its count of earlier records says what is
 * missing.
 */
enum { HEADER_4 = 8, HEADER_5 = 12 };

#define BLOCK_MOST (16u << 10) /* no block is longer; else a damaged length swallowed good ones */
#define SUBBUF	   4096	       /* SystemTap drops messages by parts of this size */

static uint32_t get32(const unsigned char *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

/* --- one block --- */

/* Whether the records fill USED exactly. Gives the time of the last one. */
static bool check_records(const unsigned char *p, const struct wire_block *head, uint64_t *last)
{
	size_t at = sizeof(*head);
	struct wire_rec rec;
	uint32_t n;

	for (n = 0; n < head->count; n++) {
		if (head->used - at < sizeof(rec))
			return false;
		memcpy(&rec, p + at, sizeof(rec));
		if (rec.size < sizeof(rec) || rec.size % 8 || rec.size > head->used - at)
			return false;
		at += rec.size;
		*last = rec.t;
	}
	return at == head->used;
}

/*
 * When the channel is full in the middle of a long block, its rest is missing and another frame
 * stands there.
 */
static bool is_torn(const unsigned char *p, size_t len, const struct wire_block *head)
{
	struct wire_block next;

	/* its header would begin the second sub-buffer, as ours began the first */
	if (len < SUBBUF + sizeof(next))
		return false;
	memcpy(&next, p + SUBBUF, sizeof(next));
	return next.magic == WIRE_MAGIC && next.cpu == head->cpu && next.seq > head->seq;
}

/* Whether P[0..len) begins with a good block that continues the stream. */
static bool check_block(const struct stap_frames *f, const unsigned char *p, size_t len,
	struct wire_block *head, uint64_t *last)
{
	if (len < sizeof(*head))
		return false;
	memcpy(head, p, sizeof(*head));
	if (head->magic != WIRE_MAGIC || head->cpu != f->cpu || head->used < sizeof(*head) ||
		head->used > len || head->before < f->made)
		return false;
	if (f->begun && (int32_t)(head->seq - f->seq) <= 0)
		return false;
	return check_records(p, head, last) && !is_torn(p, len, head);
}

static int take_block(struct stap_frames *f, const unsigned char *p, const struct wire_block *head,
	uint64_t last, struct merge_list *list)
{
	uint32_t size = head->used - (uint32_t)sizeof(*head);
	struct merge_block *block;

	if (head->count) {
		block = malloc(sizeof(*block) + size);
		if (!block)
			return -ENOMEM;
		*block = (struct merge_block){.count = head->count, .size = size};
		block->lost = f->pending + (head->before - f->made);
		memcpy(block->bytes, p + sizeof(*head), size);
		*list->end = block;
		list->end = &block->next;
		list->bytes += sizeof(*block) + size;
		f->last = last;
	}
	f->lost += head->before - f->made;
	f->pending = head->count ? 0 : f->pending + (head->before - f->made);
	f->made = head->before + head->count;
	f->received += head->count;
	f->seq = head->seq;
	f->begun = true;
	return 0;
}

/* --- the stream --- */

/* The header's length when a frame begins at P, else 0. */
static unsigned header_at(const struct stap_frames *f, const unsigned char *p, size_t len)
{
	unsigned h;

	for (h = HEADER_4; h <= HEADER_5; h += HEADER_5 - HEADER_4)
		if ((!f->header || f->header == h) && len >= h + sizeof(uint32_t) &&
			get32(p + h) == WIRE_MAGIC && get32(p + h - 4) <= BLOCK_MOST)
			return h;
	return 0;
}

/* How many bytes from P on are no frame, and no beginning of one that more bytes may complete. */
static size_t skip_to_frame(struct stap_frames *f, const unsigned char *p, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++) {
		if (header_at(f, p + i, len - i) || len - i < HEADER_5 + sizeof(uint32_t))
			break;
		f->damaged += p[i] != 0; /* zeroes are how SystemTap fills buffers */
	}
	return i;
}

/* Uses up frames; returns how many bytes, or -errno. */
static ssize_t take_frames(
	struct stap_frames *f, const unsigned char *p, size_t len, struct merge_list *list)
{
	size_t at = 0, size;
	struct wire_block head;
	uint64_t last = 0;
	unsigned header;

	for (;;) {
		at += skip_to_frame(f, p + at, len - at);
		header = header_at(f, p + at, len - at);
		if (!header)
			return (ssize_t)at;
		size = header + get32(p + at + header - 4);
		if (size > len - at)
			return (ssize_t)at;
		f->header = header;
		if (!check_block(f, p + at + header, size - header, &head, &last)) {
			f->damaged += header;
			at += header; /* and a good one may begin inside of it */
			continue;
		}
		if (take_block(f, p + at + header, &head, last, list))
			return -ENOMEM;
		at += size;
	}
}

int stap_frames_feed(struct stap_frames *f, const void *bytes, size_t size, struct merge_list *list)
{
	ssize_t used;

	buf_add(&f->rest, bytes, size);
	if (!buf_ok(&f->rest))
		return -ENOMEM;
	used = take_frames(f, (unsigned char *)f->rest.p, f->rest.len, list);
	if (used < 0)
		return (int)used;
	f->rest.len -= (size_t)used;
	memmove(f->rest.p, f->rest.p + used, f->rest.len);
	return 0;
}

uint64_t stap_frames_end(struct stap_frames *f, uint64_t made)
{
	uint64_t missing = f->pending;
	size_t i;

	for (i = 0; i < f->rest.len; i++)
		f->damaged += f->rest.p[i] != 0;
	if (made > f->made) {
		f->lost += made - f->made;
		missing += made - f->made;
		f->made = made;
	}
	f->pending = 0;
	buf_free(&f->rest);
	return missing;
}
