/* SPDX-License-Identifier: Apache-2.0 */
#include "capture/compat.h"

#include <string.h>
#include <sys/syscall.h>

static const struct compat table[] = {
#define COMPAT(nr, opname, letters, structs)                                                       \
	{.row = nr, .op = OP_##opname, .how = structs, .args = letters},
#define COMPAT_LOST(nr, why) {.row = nr, .op = -1, .args = why},
#include "ops/compat.def"
};

#define ROWS	(sizeof(table) / sizeof(*table))

static const struct {
	uint16_t number;
	long plain;
} identities[] = {
#define COMPAT_IDENTITY(nr, name) {nr, SYS_##name},
#include "ops/compat.def"
};

#define IDENTITIES (sizeof(identities) / sizeof(*identities))

/* Index + 1 by row; filled before main(), then only read. */
static uint8_t by_row[COMPAT_NUMBERS];
_Static_assert(ROWS < 255, "an index fits in a byte");

__attribute__((constructor)) static void fill_by_number(void)
{
	size_t i;

	for (i = 0; i < ROWS; i++)
		by_row[table[i].row] = (uint8_t)(i + 1);
}

const struct compat *compat_find(uint64_t number, uint64_t first)
{
	uint64_t row = compat_row(number, first);

	return row < COMPAT_NUMBERS && by_row[row] ? &table[by_row[row] - 1] : NULL;
}

size_t compat_numbers(unsigned *numbers, size_t max)
{
	size_t i, n = 0;

	if (n < max)
		numbers[n++] = COMPAT_NR_SOCKETCALL;
	for (i = 0; i < ROWS && n < max; i++)
		if (table[i].row < COMPAT_SOCKETCALL)
			numbers[n++] = table[i].row;
	for (i = 0; i < IDENTITIES && n < max; i++)
		numbers[n++] = identities[i].number;
	return n;
}

long compat_identity(uint64_t number)
{
	size_t i;

	for (i = 0; i < IDENTITIES; i++)
		if (identities[i].number == number)
			return identities[i].plain;
	return -1;
}

size_t compat_words(const struct compat *c)
{
	size_t n = 0;
	const char *p;

	for (p = c->args; *p; p++)
		if (*p >= 'a' && *p <= 'f' && (size_t)(*p - 'a') >= n)
			n = (size_t)(*p - 'a') + 1;
	return n;
}

void compat_args(const struct compat *c, const uint64_t reg[6], uint64_t arg[OP_ARGS])
{
	size_t n = strlen(c->args), i;

	for (i = 0; i < OP_ARGS; i++)
		arg[i] = i < n ? compat_arg(c->args[i], reg) : 0;
}

size_t compat_flock_size(int wide)
{
	return wide ? COMPAT_FLOCK_MAX : 16;
}

void compat_flock(struct flock *to, const void *from, int wide)
{
	int16_t kind[2]; /* type, whence */

	memcpy(kind, from, sizeof(kind));
	*to = (struct flock){.l_type = kind[0], .l_whence = kind[1]};
	if (wide) { /* packed: without padding before the 64 bits */
		int64_t range[2];

		memcpy(range, (const char *)from + 4, sizeof(range));
		to->l_start = range[0];
		to->l_len = range[1];
	} else {
		int32_t range[2];

		memcpy(range, (const char *)from + 4, sizeof(range));
		to->l_start = range[0];
		to->l_len = range[1];
	}
}
