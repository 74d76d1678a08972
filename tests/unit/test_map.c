/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "suites.h"
#include "tempdir.h"
#include "vmap.h"

/* ---- the address space, against what the kernel has ---- */

struct counted {
	int refs;
};

static void get(void *user, void *map)
{
	(void)user;
	((struct counted *)map)->refs++;
}

static void put(void *user, void *map)
{
	(void)user;
	((struct counted *)map)->refs--;
}

static const struct vmap_hooks hooks = {NULL, get, put};

/* The model and the kernel have the same maps of three files in an arena of so many pages. */
#define PAGES 64
#define FILES 3
#define ARENA ((uint64_t)PAGES * VMAP_PAGE)

struct scene {
	struct tempdir dir;
	struct vmap *v;
	struct counted file[FILES];
	int fd[FILES];
	uint64_t base;
	unsigned seed;
};

static unsigned any(struct scene *s, unsigned below)
{
	s->seed = s->seed * 1103515245u + 12345u;
	return (s->seed >> 16) % below;
}

/* What stands at a page: the file's number + 1 and the page of it; 0 = no file. */
static uint64_t in_model(const struct scene *s, unsigned page)
{
	uint64_t addr = s->base + (uint64_t)page * VMAP_PAGE;
	size_t i = vmap_find(s->v, addr);
	const struct vmap_part *p = &s->v->parts.v[i];

	if (i == s->v->parts.n || p->start > addr)
		return 0;
	return (uint64_t)((struct counted *)p->map - s->file + 1) << 32 |
	       (p->off + (addr - p->start)) / VMAP_PAGE;
}

static void read_kernel(const struct scene *s, uint64_t at[PAGES])
{
	unsigned long long start, end, off, a;
	char line[512], name[256];
	FILE *f = fopen("/proc/self/maps", "r");

	memset(at, 0, PAGES * sizeof(*at));
	ck_assert_ptr_nonnull(f);
	while (fgets(line, sizeof(line), f)) {
		const char *slash;

		if (sscanf(line, "%llx-%llx %*s %llx %*s %*s %255s", &start, &end, &off, name) != 4)
			continue;
		slash = strrchr(name, '/');
		if (start < s->base || end > s->base + ARENA || !slash || strncmp(slash, "/file", 5))
			continue;
		for (a = start; a < end; a += VMAP_PAGE, off += VMAP_PAGE)
			at[(a - s->base) / VMAP_PAGE] = (uint64_t)(slash[5] - '0' + 1) << 32 | off / VMAP_PAGE;
	}
	fclose(f);
}

static void same_as_kernel(const struct scene *s, unsigned step)
{
	uint64_t at[PAGES];
	unsigned i;

	read_kernel(s, at);
	for (i = 0; i < PAGES; i++)
		if (at[i] != in_model(s, i))
			ck_abort_msg("step %u, page %u: kernel %#lx, model %#lx", step, i, at[i],
				in_model(s, i));
}

static void do_map(struct scene *s, uint64_t at, uint64_t len)
{
	unsigned file = any(s, FILES + 1);
	uint64_t off = (uint64_t)any(s, 100) * VMAP_PAGE;
	int flags = MAP_FIXED | (any(s, 2) ? MAP_SHARED : MAP_PRIVATE);
	void *p;

	if (file == FILES) {
		p = mmap((void *)at, len, PROT_NONE, MAP_FIXED | MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		ck_assert_int_eq(vmap_cut(s->v, &hooks, at, at + len), 0);
	} else {
		p = mmap((void *)at, len, PROT_READ, flags, s->fd[file], (off_t)off);
		ck_assert_int_eq(vmap_set(s->v, &hooks, at, at + len, &s->file[file], off), 0);
	}
	ck_assert_ptr_eq(p, (void *)at);
}

static void do_move(struct scene *s, uint64_t at, uint64_t len)
{
	size_t i = vmap_find(s->v, at);
	struct vmap_part part;
	uint64_t to = s->base + (uint64_t)any(s, PAGES) * VMAP_PAGE, newlen = len;

	if (i == s->v->parts.n || s->v->parts.v[i].start > at)
		return;
	part = s->v->parts.v[i];
	if (part.end < at + len)
		len = newlen = part.end - at;
	if (to + newlen > s->base + ARENA || (to < at + len && at < to + newlen))
		return;
	ck_assert_ptr_eq(mremap((void *)at, len, newlen, MREMAP_MAYMOVE | MREMAP_FIXED, (void *)to),
		(void *)to);
	/* the arena stays one of the test */
	ck_assert_ptr_eq(mmap((void *)at, len, PROT_NONE, MAP_FIXED | MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
		(void *)at);
	ck_assert_int_eq(vmap_cut(s->v, &hooks, at, at + len), 0);
	ck_assert_int_eq(
		vmap_set(s->v, &hooks, to, to + newlen, part.map, part.off + (at - part.start)), 0);
}

static void do_unmap(struct scene *s, uint64_t at, uint64_t len)
{
	ck_assert_int_eq(munmap((void *)at, len), 0);
	ck_assert_ptr_eq(mmap((void *)at, len, PROT_NONE, MAP_FIXED_NOREPLACE | MAP_PRIVATE | MAP_ANONYMOUS,
				 -1, 0),
		(void *)at);
	ck_assert_int_eq(vmap_cut(s->v, &hooks, at, at + len), 0);
}

START_TEST(address_space_is_the_kernels)
{
	struct scene s = {.seed = (unsigned)_i};
	struct vmap *copy;
	char name[16];
	unsigned step, i;
	void *arena;

	tempdir_enter(&s.dir);
	for (i = 0; i < FILES; i++) {
		snprintf(name, sizeof(name), "file%u", i);
		s.fd[i] = open(name, O_RDWR | O_CREAT, 0600);
		ck_assert_int_eq(ftruncate(s.fd[i], 1 << 20), 0);
	}
	s.v = vmap_new();
	arena = mmap(NULL, ARENA, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ck_assert(arena != MAP_FAILED);
	s.base = (uint64_t)(uintptr_t)arena;
	for (step = 0; step < 300; step++) {
		unsigned page = any(&s, PAGES), n = 1 + any(&s, PAGES - page < 20 ? PAGES - page : 20);
		uint64_t at = s.base + (uint64_t)page * VMAP_PAGE, len = (uint64_t)n * VMAP_PAGE;
		unsigned what = any(&s, 10);

		if (what < 5)
			do_map(&s, at, len);
		else if (what < 8)
			do_unmap(&s, at, len);
		else
			do_move(&s, at, len);
		same_as_kernel(&s, step);
	}
	copy = vmap_copy(s.v, &hooks);
	vmap_cut(s.v, &hooks, 0, VMAP_END);
	ck_assert(!vmap_has(s.v, 0, VMAP_END));
	vmap_put(s.v, &hooks);
	s.v = copy;
	same_as_kernel(&s, step);
	vmap_put(copy, &hooks);
	for (i = 0; i < FILES; i++) {
		ck_assert_int_eq(s.file[i].refs, 0);
		close(s.fd[i]);
	}
	munmap(arena, ARENA);
	tempdir_leave(&s.dir);
}
END_TEST

START_TEST(ranges_are_whole_pages)
{
	uint64_t start, end;

	ck_assert(vmap_range(4097, 1, &start, &end));
	ck_assert_uint_eq(start, 4096);
	ck_assert_uint_eq(end, 8192);
	ck_assert(!vmap_range(4096, 0, &start, &end));
	ck_assert(!vmap_range(UINT64_MAX, 1, &start, &end));
	ck_assert(!vmap_range(4096, UINT64_MAX, &start, &end));
	ck_assert(vmap_range(0, VMAP_END, &start, &end));
	ck_assert(!vmap_has(NULL, 0, VMAP_END));
}
END_TEST

Suite *map_suite(void)
{
	TCase *tc;
	Suite *s = suite_with("map", &tc);

	tcase_add_loop_test(tc, address_space_is_the_kernels, 0, 20);
	tcase_add_test(tc, ranges_are_whole_pages);
	return s;
}
