/* SPDX-License-Identifier: Apache-2.0 */
#include "replay/copies.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "replay/program.h"

#define THREADS_MOST (1u << 20) /* of all copies: beyond that no host starts them */

static int no_memory(struct err *err)
{
	return err_sys(err, ENOMEM, "cannot make the copies of the replay");
}

/* The paths of copy NUMBER: those of the first one, with another number. */
static char *strings_of(const struct paths *paths, unsigned number)
{
	char digits[16], *text = malloc(paths->text.len + 1);
	size_t i;

	if (!text)
		return NULL;
	if (paths->text.len)
		memcpy(text, paths->text.p, paths->text.len);
	snprintf(digits, sizeof(digits), "%0*u", COPY_DIGITS, number);
	for (i = 0; i < paths->numbers.n; i++)
		memcpy(text + paths->numbers.v[i], digits, COPY_DIGITS);
	return text;
}

int copies_make(struct program *p, unsigned scale, struct err *err)
{
	unsigned i, n = scale ? scale : 1;
	int rc = 0;

	if (scale && (uint64_t)p->layout.threads * n > THREADS_MOST)
		return err_set(err, EINVAL,
			"--scale=%u: %u threads in each copy are more than the %u that can be; -t takes fewer",
			scale, p->layout.threads, THREADS_MOST);
	p->copies = calloc(n, sizeof(*p->copies));
	if (!p->copies)
		return no_memory(err);
	p->ncopies = n;
	p->copies[0] = (struct copy){.trees = p->trees, .strings = p->paths.text.p};
	for (i = 1; rc == 0 && i < n; i++) {
		rc = tree_set_other_copy(&p->copies[i].trees, &p->trees, i + 1, err);
		p->copies[i].strings = p->copies[i].own = rc ? NULL : strings_of(&p->paths, i + 1);
		if (rc == 0 && !p->copies[i].own)
			rc = no_memory(err);
	}
	return rc;
}

void copies_free(struct program *p)
{
	uint32_t i;

	for (i = 0; i < p->ncopies; i++)
		free(p->copies[i].own);
	free(p->copies);
}
