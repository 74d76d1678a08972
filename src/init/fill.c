/* SPDX-License-Identifier: Apache-2.0 */
#include "init/fill.h"

#include <string.h>

#include "datas/hmap.h"

static const char *const words[] = {"the ", "of ", "and ", "in ", "to ", "block ", "file ", "is ",
	"page ", "written ", "with ", "queue ", "a ", "read ", "from ", "storage ", "directory ",
	"by ", "inode ", "for ", "entry ", "cache ", "disk ", "not ", "offset ", "on ", "journal ",
	"request ", "as ", "extent ", "be ", "commit.\n"};

#define WORD_BITS 5 /* of 32 words */
_Static_assert(sizeof(words) / sizeof(*words) == 1 << WORD_BITS, "one word for each value");

/* The generator's authors seed it with splitmix64, so that no seed gives an all-zero state. */
void fill_start(struct fill *f, enum data_fill kind, uint64_t seed)
{
	int i;

	f->kind = kind;
	for (i = 0; i < 4; i++) {
		seed += 0x9e3779b97f4a7c15u;
		f->s[i] = hash_u64(seed);
	}
}

static inline uint64_t rotl(uint64_t x, int k)
{
	return (x << k) | (x >> (64 - k));
}

static inline uint64_t next(uint64_t s[4])
{
	uint64_t result = rotl(s[1] * 5, 7) * 9, t = s[1] << 17;

	s[2] ^= s[0];
	s[3] ^= s[1];
	s[1] ^= s[2];
	s[0] ^= s[3];
	s[2] ^= t;
	s[3] = rotl(s[3], 45);
	return result;
}

static void fill_random(struct fill *f, char *out, size_t len)
{
	uint64_t s[4], v;

	memcpy(s, f->s, sizeof(s)); /* in registers: OUT could alias f->s otherwise */
	for (; len >= sizeof(v); len -= sizeof(v), out += sizeof(v)) {
		v = next(s);
		memcpy(out, &v, sizeof(v));
	}
	if (len) {
		v = next(s);
		memcpy(out, &v, len);
	}
	memcpy(f->s, s, sizeof(s));
}

static void fill_text(struct fill *f, char *out, size_t len)
{
	uint64_t bits = 0;
	int left = 0;

	while (len) {
		const char *word;
		size_t n;

		if (left < WORD_BITS) {
			bits = next(f->s);
			left = 64;
		}
		word = words[bits & ((1 << WORD_BITS) - 1)];
		bits >>= WORD_BITS;
		left -= WORD_BITS;
		n = strlen(word);
		if (n > len)
			n = len;
		memcpy(out, word, n);
		out += n;
		len -= n;
	}
}

void fill_next(struct fill *f, void *out, size_t len)
{
	switch (f->kind) {
	case DATA_RANDOM:
		fill_random(f, out, len);
		break;
	case DATA_ZERO:
		memset(out, 0, len);
		break;
	case DATA_TEXT:
		fill_text(f, out, len);
		break;
	}
}
