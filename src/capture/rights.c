/* SPDX-License-Identifier: Apache-2.0 */
#include "capture/rights.h"

#include <string.h>
#include <sys/socket.h>

/* Offsets in struct msghdr, and the header of a control message (its length comes first). */
static const struct {
	size_t msg, mmsg, control, word, header;
} layouts[] = {
	[RIGHTS_64] = {56, 64, 32, 8, 16},
	[RIGHTS_32] = {28, 32, 16, 4, 12},
};

size_t rights_msg_size(enum rights_abi abi)
{
	return layouts[abi].msg;
}

size_t rights_mmsg_size(enum rights_abi abi)
{
	return layouts[abi].mmsg;
}

size_t rights_least(enum rights_abi abi)
{
	return layouts[abi].header + sizeof(int32_t);
}

static uint64_t word(enum rights_abi abi, const void *from, size_t at)
{
	uint64_t v = 0; /* of a machine that has the low byte first */

	memcpy(&v, (const char *)from + at, layouts[abi].word);
	return v;
}

void rights_control(enum rights_abi abi, const void *msg, uint64_t *at, uint64_t *len)
{
	*at = word(abi, msg, layouts[abi].control);
	*len = word(abi, msg, layouts[abi].control + layouts[abi].word);
}

size_t rights_next(enum rights_abi abi, const void *control, size_t len, size_t *at, const void **fds)
{
	const size_t header = layouts[abi].header, align = layouts[abi].word;
	int32_t kind[2]; /* level, type */

	while (*at < len && len - *at >= header) {
		const char *p = (const char *)control + *at;
		uint64_t size = word(abi, p, 0);

		if (size < header || size > len - *at)
			return 0;
		memcpy(kind, p + layouts[abi].word, sizeof(kind));
		*at = (*at + (size_t)size + align - 1) & ~(align - 1);
		if (kind[0] == SOL_SOCKET && kind[1] == SCM_RIGHTS && size >= rights_least(abi)) {
			*fds = p + header;
			return (size - header) / sizeof(int32_t);
		}
	}
	return 0;
}
