/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IORIOT_TESTS_TEMPDIR_H
#define IORIOT_TESTS_TEMPDIR_H

#include <check.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A directory of one test's own, which is the working directory until it is left. */
struct tempdir {
	char path[64];
};

static inline void tempdir_enter(struct tempdir *t)
{
	strcpy(t->path, "/tmp/ioriot-test-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(t->path));
	ck_assert_int_eq(chdir(t->path), 0);
}

/* Removes the directory with the files in it. */
static inline void tempdir_leave(struct tempdir *t)
{
	DIR *d = opendir(".");
	struct dirent *e;

	while (d && (e = readdir(d)))
		if (unlink(e->d_name) && e->d_name[0] != '.')
			rmdir(e->d_name);
	closedir(d);
	ck_assert_int_eq(chdir("/"), 0);
	ck_assert_int_eq(rmdir(t->path), 0);
}

static inline void file_put(const char *name, const void *p, size_t len)
{
	FILE *f = fopen(name, "w");

	ck_assert_ptr_nonnull(f);
	ck_assert_uint_eq(fwrite(p, 1, len, f), len);
	fclose(f);
}

static inline size_t file_get(const char *name, char *p, size_t cap)
{
	FILE *f = fopen(name, "r");
	size_t n;

	ck_assert_ptr_nonnull(f);
	n = fread(p, 1, cap, f);
	fclose(f);
	return n;
}

#endif
