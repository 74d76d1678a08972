/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>

#include "report/export_lines.h"

/*
 * An iolog of version 3 (fio(1), TRACE FILE FORMAT): reads, writes and syncs with their times, in us. The original
 * files must not be written to by who replays it: names are relative and without directories, "/var/a" is
 * "var+a"; what is not a letter, digit, ".", "-" or "_" is its number, "=20". What has no place in a file is left
 * out. There is no way to say in it that records were lost: that is said beside it.
 */

#define FIO_NAME_MOST 255

struct known_file {
	struct hnode node; /* by file */
	struct str file;
	const char *name; /* NULL: too long for fio */
};

static const char *make_name(struct arena *a, struct str file)
{
	struct buf b = BUF_INIT;
	const char *copy = NULL;
	size_t i;

	for (i = 1; i < file.len; i++) {
		unsigned char c = (unsigned char)file.s[i];

		if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
			((c == '.' || c == '-') && i > 1))
			buf_char(&b, (char)c);
		else if (c == '/')
			buf_char(&b, '+');
		else
			buf_addf(&b, "=%02x", c);
	}
	if (buf_ok(&b) && b.len && b.len <= FIO_NAME_MOST)
		copy = arena_strdup(a, buf_as_str(&b));
	buf_free(&b);
	return copy;
}

static struct known_file *file_of(struct lines_view *l, struct str file)
{
	uint64_t hash = hash_bytes(file.s, file.len, 0);
	struct known_file *k;
	struct hnode *n;

	for (n = hmap_first(&l->known, hash); n; n = hmap_next(n))
		if (str_eq(hmap_entry(n, struct known_file, node)->file, file))
			return hmap_entry(n, struct known_file, node);
	k = arena_alloc(&l->arena, sizeof(*k));
	if (!k || hmap_insert(&l->known, &k->node, hash)) {
		l->line.failed = true;
		return NULL;
	}
	k->file = (struct str){arena_strdup(&l->arena, file), file.len};
	if (!k->file.s) {
		l->line.failed = true;
		k->file.len = 0;
		return NULL;
	}
	k->name = make_name(&l->arena, file);
	if (k->name)
		buf_addf(&l->line, "%" PRIu64 " %s add\n%" PRIu64 " %s open\n", l->last, k->name, l->last, k->name);
	return k;
}

static const char *sync_of(const struct event *ev)
{
	if (ev->ret < 0 || ev->op == EVENT_AIO_POLL)
		return NULL;
	if (ev->op == OP_fsync || ev->op == EVENT_AIO_SYNC || ev->op == OP_uring_fsync)
		return "sync";
	return ev->op == OP_fdatasync || ev->op == OP_uring_fdatasync ? "datasync" : NULL;
}

void export_fio_begin(struct lines_view *l)
{
	buf_puts(&l->line, "fio version 3 iolog\n");
}

void export_fio(struct lines_view *l, const struct event *ev)
{
	uint64_t moved = ev->read + ev->written;
	const char *sync = sync_of(ev);
	bool placed = ev->offset >= 0 && moved && (event_class(ev) == CLS_READ || event_class(ev) == CLS_WRITE);
	const struct known_file *k;

	if (!placed && !sync) {
		l->left_out += moved > 0;
		return;
	}
	if (ev->start / 1000 > l->last) /* calls stand in the order of their ends; fio's times never go back */
		l->last = ev->start / 1000;
	k = ev->file.len && ev->file.s[0] == '/' ? file_of(l, ev->file) : NULL;
	if (!k || !k->name) {
		l->left_out++;
		return;
	}
	l->put++;
	if (sync)
		buf_addf(&l->line, "%" PRIu64 " %s %s 0 0\n", l->last, k->name, sync);
	else
		buf_addf(&l->line, "%" PRIu64 " %s %s %" PRId64 " %" PRIu64 "\n", l->last, k->name,
			ev->written ? "write" : "read", ev->offset, moved);
}

void export_fio_end(struct lines_view *l, const struct ending *e, struct buf *told)
{
	struct hnode *n, *tmp;
	size_t i;

	hmap_each(&l->known, n, tmp, i) {
		const char *name = hmap_entry(n, struct known_file, node)->name;

		if (name)
			buf_addf(&l->line, "%" PRIu64 " %s close\n", l->last, name);
	}
	buf_addf(told, "%s: %" PRIu64 " reads, writes and syncs of %zu files; left out are %" PRIu64
		       " calls that moved bytes elsewhere (pipes, sockets, from file to file), or whose file has no "
		       "name that fio takes\n", l->name, l->put, l->known.n, l->left_out);
	if (e->totals->lost)
		buf_addf(told, "%s: %" PRIu64 " records were lost, and with them what they read and wrote\n", l->name,
			e->totals->lost);
}
