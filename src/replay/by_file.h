/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IORIOT_REPLAY_BY_FILE_H
#define IORIOT_REPLAY_BY_FILE_H

#include "datas/arena.h"
#include "datas/hist.h"

/*
 * Which file each operation is about (--by=file). Found out from the names and descriptors of the replay file, by
 * a reading of its own (select.c); while it runs an operation looks up its number. Those with most operations
 * are told apart, which bounds the memory.
 */
#define FILES_MOST   1024
#define FILES_ROOM   (256u << 20) /* bytes of all threads' counters */
#define FILE_NONE    0 /* operations that are about no file that is known by name */
#define FILE_OTHERS  1 /* those of files beyond the ones that are told apart */
#define FILES_BEFORE 2 /* the first file's number */

struct by_file {
	struct arena arena;
	uint32_t n;	    /* numbers, those of no file and of others included; 0: not asked for */
	const char **names; /* by number, as the program knew them; NULL of the first two */
	uint64_t others;    /* files that FILE_OTHERS stands for */
	uint32_t *of;	    /* by operation of the file */
	uint64_t ops;
	struct hist *captured; /* durations as captured, by number */
};

/* What a thread, or all of them, counted of one file. */
struct file_result {
	struct hist latency; /* ns; its count is the number of operations */
	uint64_t errors, diverged;
	uint64_t read, written; /* bytes */
};

/* The file of operation INDEX: below n. */
static inline uint32_t by_file_of(const struct by_file *b, uint64_t index)
{
	return index < b->ops ? b->of[index] : FILE_NONE;
}

/*
 * Takes over OF, the file of each operation (UINT32_MAX: none), numbers below N that NAMES has names for. The
 * names are copied. 0 or -ENOMEM.
 */
int by_file_make(struct by_file *b, uint32_t *of, uint64_t ops, const char *const *names, uint32_t n);

/* Fewer files, so that so many threads can count them. */
void by_file_fit(struct by_file *b, uint64_t threads);
void by_file_free(struct by_file *b);

void file_result_add(struct file_result *sum, const struct file_result *r);
void file_result_leave_out(struct file_result *r, const struct file_result *warmup);

#endif
