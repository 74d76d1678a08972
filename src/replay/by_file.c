/* SPDX-License-Identifier: Apache-2.0 */
#include "replay/by_file.h"

#include <errno.h>
#include <stdlib.h>

struct rank {
	uint64_t ops;
	uint32_t file;
};

static int by_ops_descending(const void *va, const void *vb)
{
	const struct rank *a = va, *b = vb;

	if (a->ops != b->ops)
		return a->ops < b->ops ? 1 : -1;
	return a->file < b->file ? -1 : a->file > b->file;
}

/* The files in the order of how many operations they have; returns how many have any. */
static uint32_t rank_all(const struct by_file *b, struct rank *ranks, uint32_t n)
{
	uint32_t i, used = 0;
	uint64_t k;

	for (i = 0; i < n; i++)
		ranks[i] = (struct rank){0, i};
	for (k = 0; k < b->ops; k++)
		if (b->of[k] < n)
			ranks[b->of[k]].ops++;
	qsort(ranks, n, sizeof(*ranks), by_ops_descending);
	while (used < n && ranks[used].ops)
		used++;
	return used;
}

static int take_names(struct by_file *b, const struct rank *ranks, const char *const *names)
{
	uint32_t i;

	for (i = FILES_BEFORE; i < b->n; i++) {
		b->names[i] = arena_strdup(&b->arena, str_of(names[ranks[i - FILES_BEFORE].file]));
		if (!b->names[i])
			return -ENOMEM;
	}
	return 0;
}

static void number_again(struct by_file *b, const uint32_t *number, uint32_t n)
{
	uint64_t k;

	for (k = 0; k < b->ops; k++)
		b->of[k] = b->of[k] < n ? number[b->of[k]] : FILE_NONE;
}

int by_file_make(struct by_file *b, uint32_t *of, uint64_t ops, const char *const *names, uint32_t n)
{
	struct rank *ranks = calloc((size_t)n + 1, sizeof(*ranks));
	uint32_t *number = calloc((size_t)n + 1, sizeof(*number)), used, i;
	int rc = -ENOMEM;

	*b = (struct by_file){.of = of, .ops = ops};
	b->names = calloc(FILES_MOST + FILES_BEFORE, sizeof(*b->names));
	b->captured = calloc(FILES_MOST + FILES_BEFORE, sizeof(*b->captured));
	if (ranks && number && b->names && b->captured) {
		used = rank_all(b, ranks, n);
		b->n = FILES_BEFORE + (used < FILES_MOST ? used : FILES_MOST);
		b->others = used - (b->n - FILES_BEFORE);
		for (i = 0; i < used; i++)
			number[ranks[i].file] = i + FILES_BEFORE < b->n ? i + FILES_BEFORE : FILE_OTHERS;
		number_again(b, number, n);
		rc = take_names(b, ranks, names);
	}
	free(ranks);
	free(number);
	return rc;
}

void by_file_fit(struct by_file *b, uint64_t threads)
{
	uint64_t most = FILES_ROOM / sizeof(struct file_result) / (threads ? threads : 1), k;

	if (most < FILES_BEFORE)
		most = FILES_BEFORE;
	if (b->n <= most)
		return;
	b->others += b->n - most;
	for (k = 0; k < b->ops; k++)
		if (b->of[k] >= most)
			b->of[k] = FILE_OTHERS;
	for (k = most; k < b->n; k++)
		hist_merge(&b->captured[FILE_OTHERS], &b->captured[k]);
	b->n = (uint32_t)most;
}

void by_file_free(struct by_file *b)
{
	free(b->of);
	free(b->names);
	free(b->captured);
	arena_free(&b->arena);
}

void file_result_add(struct file_result *sum, const struct file_result *r)
{
	if (!r->latency.count) /* its memory was never touched */
		return;
	hist_merge(&sum->latency, &r->latency);
	sum->errors += r->errors;
	sum->diverged += r->diverged;
	sum->read += r->read;
	sum->written += r->written;
}

void file_result_leave_out(struct file_result *r, const struct file_result *warmup)
{
	if (!warmup->latency.count)
		return;
	hist_subtract(&r->latency, &warmup->latency);
	r->errors -= warmup->errors;
	r->read -= warmup->read;
	r->written -= warmup->written;
}
