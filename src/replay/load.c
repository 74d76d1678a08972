/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/aio_abi.h>
#include <stdlib.h>

#include "ops/aio.h"
#include "replay/ahead.h"
#include "replay/dispatch.h"
#include "replay/iocb_times.h"
#include "replay/program.h"
#include "replay/results.h"

/* Reading a replay file into the filed form; everything it says is checked here. */

struct loader {
	struct program *p;
	struct filing *f;
	struct iocb_times iocbs;
	uint64_t last_end;
	uint64_t left; /* operations to be read yet */
	bool any;
};

static int no_memory(struct err *err)
{
	return err_sys(err, ENOMEM, "cannot load the replay");
}

static struct filed_chunk *chunk_with_room(struct filing *f)
{
	struct filed_chunk *c = f->last;

	if (c && c->data.len < CHUNK_SIZE)
		return c;
	c = calloc(1, sizeof(*c));
	if (!c)
		return NULL;
	if (f->last)
		f->last->next = c;
	else
		f->first = c;
	f->last = c;
	return c;
}

/* ---- rows ---- */

static bool is_plain_kind(enum arg_kind kind)
{
	switch (kind) {
	case A_NONE:
	case A_SKIP:
	case A_OUT:
	case A_RBUF:
	case A_WBUF:
	case A_LEN:
	case A_OFF:
	case A_WHENCE:
	case A_FD:
	case A_FALLOCMODE:
	case A_MODE:
	case A_ADVICE:
	case A_LOCKOP:
		return true;
	default:
		return false;
	}
}

/* Descriptors, maps and contexts, which are looked for one by one. */
static bool is_odd_form(enum arg_form form)
{
	switch (form) {
	case FORM_CTX:
	case FORM_ADDR:
	case FORM_TUPLES:
	case FORM_SQE:
	case FORM_FARG:
	case FORM_IARG:
		return true;
	default:
		return false;
	}
}

/* See note_sizes(). */
static bool is_sized_kind(enum arg_kind kind)
{
	switch (kind) {
	case A_RIOV:
	case A_WIOV:
	case A_IARG:
	case A_EVENTS:
	case A_XFLAGS:
	case A_XARGS:
	case A_SPLICEFLAGS:
	case A_FARG:
		return true;
	default:
		return false;
	}
}

static struct row row_of(enum op_id id)
{
	const struct op *op = &ops[id];
	struct row row = {.plain = !op->flags,
		.odd = op->flags & ~(OPF_NEWFD | OPF_LIST),
		.paths = dispatch_uses_paths(id),
		.ring = op_has(id, A_RING) || op_is_submission(id),
		.read = -1,
		.written = -1,
		.oflags = -1};
	int i;

	for (i = 0; i < OP_ARGS; i++) {
		enum arg_kind kind = op->arg[i];
		enum arg_form form = arg_infos[kind].form;

		row.plain &= is_plain_kind(kind);
		row.odd |= is_odd_form(form);
		row.sized |= is_sized_kind(kind);
		if (form == FORM_FD)
			row.fds |= (uint8_t)(1 << i);
		if (kind == A_RBUF)
			row.read = (int8_t)(i + 1);
		else if (kind == A_WBUF)
			row.written = (int8_t)(i + 1);
		else if (kind == A_OFLAGS || kind == A_HOW)
			row.oflags = (int8_t)i;
	}
	row.odd |= row.ring;
	row.ends = op_ends_thread(id);
	row.follows = !row.odd && !row.ends;
	return row;
}

static void make_rows(struct row rows[OP_COUNT], enum order order)
{
	int i;

	for (i = 0; i < OP_COUNT; i++) {
		rows[i] = row_of((enum op_id)i);
		rows[i].follows &= order != ORDER_STRICT; /* there each waits */
	}
	rows[OP_fchdir].plain = rows[OP_getcwd].plain = false; /* of the current directory */
	rows[OP_fchdir].follows = rows[OP_chdir].follows = false;
}

/* ---- what is there ---- */

static void at_least(uint32_t *max, uint64_t id)
{
	if (id < VFD_CWD && id + 1 > *max)
		*max = (uint32_t)id + 1;
}

/* Numbers that few rows have. */
static void note_odd_ids(struct filing *f, const struct rline *line)
{
	const struct rec *r = &line->call;
	uint32_t i;
	int ctx = op_arg_index(r->op, A_CTX);

	at_least(&f->max_thread, line->new_thread);
	at_least(&f->max_process, line->new_process);
	at_least(&f->max_lock, line->lock);
	at_least(&f->max_map, line->newmap);
	if (ctx >= 0)
		at_least(&f->max_aio, r->arg[ctx]);
	if (op_has(r->op, A_ADDR))
		for (i = 0; i + 2 < r->nvec; i += 3)
			at_least(&f->max_map, r->vec[i]);
}

/* In any line. */
static inline void note_common_ids(struct filing *f, struct rline *line, const struct row *row)
{
	unsigned fds;

	at_least(&f->max_thread, line->thread);
	at_least(&f->max_process, line->process);
	for (fds = row->fds; fds; fds &= fds - 1) {
		uint64_t *fd = &line->call.arg[__builtin_ctz(fds)];

		*fd = fd_place(&f->places, *fd);
	}
}

static void note_item(struct filing *f, struct vlist_item *item)
{
	switch (item->kind) {
	case VITEM_RING: /* rings_note() has those that are used */
		break;
	case VITEM_LOCK:
		at_least(&f->max_lock, item->a);
		break;
	case VITEM_CTX:
		at_least(&f->max_aio, item->a);
		break;
	case VITEM_MAP:
		at_least(&f->max_map, item->a);
		break;
	case VITEM_FD:
		item->a = fd_place_closed(&f->places, item->a);
		break;
	case VITEM_PAIR:
		item->a = fd_place(&f->places, item->a);
		item->b = fd_place_made(&f->places, item->b);
		break;
	}
}

/* The line's own list is the reader's. */
static void note_list(struct filing *f, struct rline *line)
{
	uint32_t i;

	f->list.n = 0;
	for (i = 0; i < line->nlist; i++) {
		struct vlist_item *item = vec_push(&f->list);

		if (!item) {
			f->places.failed = -ENOMEM;
			return;
		}
		*item = line->list[i];
		note_item(f, item);
	}
	line->list = f->list.v;
}

static void place_path(struct filing *f, uint64_t *path)
{
	if (PATH_REF_KIND(*path) == PATH_FD)
		*path = PATH_REF(PATH_FD, fd_place(&f->places, PATH_REF_VALUE(*path)));
}

static void note_ids(struct filing *f, struct rline *line, const struct row *row, uint64_t *path,
	uint64_t *path2)
{
	uint64_t first = line->call.arg[0];

	note_common_ids(f, line, row);
	if (row->odd)
		note_odd_ids(f, line);
	place_path(f, path);
	place_path(f, path2);
	if (line->call.op == OP_close)
		fd_place_closed(&f->places, (uint32_t)first);
	note_list(f, line);
	line->newfd = fd_place_made(&f->places, line->newfd);
}

static void note_vector(struct program *p, const struct rec *r, bool is_read)
{
	uint64_t sum = 0;
	uint32_t i;

	for (i = 0; i < r->nvec; i++)
		if (__builtin_add_overflow(sum, r->vec[i], &sum))
			sum = UINT64_MAX;
	if (r->nvec > p->iov_max)
		p->iov_max = r->nvec;
	if (is_read && sum > p->read_max)
		p->read_max = sum;
	if (!is_read && sum > p->write_max)
		p->write_max = sum;
}

static void at_least64(uint64_t *max, uint64_t v)
{
	if (v > *max)
		*max = v;
}

/* What is behind an iocb's own numbers is read as such too: lengths of segments have their place. */
static int note_iocbs(struct program *p, const struct rec *r, struct err *err)
{
	uint32_t i, n = 0, segments = 0;

	for (i = 0; i + AIOCB_NUMBERS <= r->nvec; i += AIOCB_NUMBERS, n++) {
		const uint64_t *iocb = r->vec + i;
		uint32_t left = (r->nvec - i) / AIOCB_NUMBERS - 1, k;
		uint64_t sum = iocb[AIOCB_LENGTH];

		if (iocb[AIOCB_OPCODE] == IOCB_CMD_POLL || iocb[AIOCB_OPCODE] > UINT16_MAX ||
			iocb[AIOCB_FD] > UINT32_MAX || iocb[AIOCB_RESFD] > UINT32_MAX ||
			iocb[AIOCB_SEGMENTS] > left)
			return err_set(err, EINVAL, "an iocb with a number that none in a replay has");
		for (k = 1; k <= iocb[AIOCB_SEGMENTS]; k++)
			if (__builtin_add_overflow(sum, iocb[k * AIOCB_NUMBERS], &sum))
				sum = UINT64_MAX;
		if (__builtin_add_overflow(sum, AIO_ALIGN, &sum))
			sum = UINT64_MAX;
		at_least64(&p->read_max, sum);
		at_least64(&p->write_max, sum);
		segments += (uint32_t)iocb[AIOCB_SEGMENTS];
		i += (uint32_t)iocb[AIOCB_SEGMENTS] * AIOCB_NUMBERS;
	}
	if (n > p->iocbs_max)
		p->iocbs_max = n;
	if (segments > p->iov_max)
		p->iov_max = segments;
	return 0;
}

#define EVENTS_MOST 32768

static void note_events(struct program *p, const struct rec *r)
{
	int64_t nr = (int64_t)r->arg[op_arg_index(r->op, A_NR)];
	uint32_t n = nr < 0 ? 0 : nr < EVENTS_MOST ? (uint32_t)nr : EVENTS_MOST;

	if (n < r->nvec / AIOEV_NUMBERS)
		n = r->nvec / AIOEV_NUMBERS;
	if (n > p->events_max)
		p->events_max = n;
}

/* A submission has a pipe of its own. */
#define RING_PIPES_MOST 1024

static void note_ring_splice(struct program *p)
{
	at_least64(&p->write_max, SPLICE_ROOM);
	p->ring_pipes += p->ring_pipes < RING_PIPES_MOST;
}

static int check_files(const struct rec *r, struct err *err)
{
	uint32_t i;

	for (i = 0; i < r->nvec; i++) {
		int64_t vfd = (int64_t)r->vec[i];

		if (vfd < URING_FILE_BAD || vfd > UINT32_MAX)
			return err_set(err, EINVAL, "a registered file with a number that none in a replay has");
	}
	return 0;
}

/* Of each STEP numbers of the line's vector, that at AT is a descriptor, or negative. The vector is the reader's. */
static void place_in_vec(struct filing *f, struct rec *r, uint32_t step, uint32_t at)
{
	const uint64_t *from = r->vec;
	uint32_t i;

	f->vec.n = 0;
	for (i = 0; i < r->nvec; i++) {
		uint64_t *v = vec_push(&f->vec);

		if (!v) {
			f->places.failed = -ENOMEM;
			return;
		}
		*v = i % step == at && (int64_t)from[i] >= 0 ? fd_place(&f->places, from[i]) : from[i];
	}
	r->vec = f->vec.v;
}

/* An iocb has two. */
static void place_in_iocbs(struct filing *f, struct rec *r)
{
	uint32_t i;

	place_in_vec(f, r, AIOCB_NUMBERS, AIOCB_FD);
	for (i = AIOCB_RESFD; i < f->vec.n; i += AIOCB_NUMBERS)
		f->vec.v[i] = fd_place(&f->places, f->vec.v[i]);
}

/* Descriptors inside of other arguments, checked already. */
static void place_inner_fds(struct filing *f, struct rec *r)
{
	const char *form = r->op == OP_ioctl ? rec_ioctl_form(r->arg[1]) : NULL;

	if (form && form[0] == 'f')
		r->arg[2] = fd_place(&f->places, r->arg[2]);
	if (form && rec_ioctl_has_dests(r->arg[1]))
		place_in_vec(f, r, REC_DEST, 0);
	if (op_has(r->op, A_FILES))
		place_in_vec(f, r, 1, 0);
	if (op_has(r->op, A_IOCBS))
		place_in_iocbs(f, r);
}

/* How large buffers must be, and whether they must be aligned for direct I/O, in a row that is sized. */
static void note_odd_sizes(struct program *p, const struct rec *r)
{
	int i;

	for (i = 0; i < OP_ARGS; i++)
		switch ((enum arg_kind)ops[r->op].arg[i]) {
		case A_RIOV:
			note_vector(p, r, true);
			break;
		case A_WIOV:
			note_vector(p, r, false);
			break;
		case A_IARG:
			if (p->read_max < IOCTL_ROOM)
				p->read_max = IOCTL_ROOM;
			break;
		case A_EVENTS:
			note_events(p, r);
			break;
		case A_XFLAGS: /* a list is made there */
			at_least64(&p->read_max, XATTR_ROOM);
			break;
		case A_XARGS:
			if (p->read_max < XATTR_ROOM)
				p->read_max = XATTR_ROOM;
			if (p->write_max < XATTR_ROOM)
				p->write_max = XATTR_ROOM;
			break;
		case A_SPLICEFLAGS:
			at_least64(&p->read_max, SPLICE_ROOM);
			at_least64(&p->write_max, SPLICE_ROOM);
			p->splices = true;
			break;
		case A_FARG:
			p->direct |= r->arg[i - 1] == F_SETFL && r->arg[i] & O_DIRECT;
			break;
		default:
			break;
		}
}

/* In any line. */
static inline void note_sizes(struct program *p, const struct rec *r, const struct row *row)
{
	if (row->read >= 0)
		at_least64(&p->read_max, r->arg[row->read]);
	if (row->written >= 0)
		at_least64(&p->write_max, r->arg[row->written]);
}

/* Of an operation that is issued with its paths; of others they are neither checked nor kept. */
static int check_paths(struct loader *l, const struct rec *r, uint64_t *path, uint64_t *path2,
	struct err *err)
{
	int rc = 0;

	if (op_has(r->op, A_PATH))
		rc = paths_add(&l->p->paths, r->path, path, err);
	if (rc == 0 && op_has(r->op, A_PATH2))
		rc = paths_add(&l->p->paths, r->path2, path2, err);
	if (rc == 0 && op_has(r->op, A_XNAME))
		rc = paths_add_word(&l->p->paths, r->path2, path2, err);
	if (rc == 0 && op_has(r->op, A_TARGET) && !(ops[r->op].flags & OPF_STATE))
		rc = paths_add_target(&l->p->paths, r->path, r->path2, path2, err);
	return rc;
}

static void note_times(struct loader *l, const struct rline *line)
{
	struct program *p = l->p;
	uint64_t end = line->entry + line->dur;

	if (ops[line->call.op].flags & OPF_STATE)
		return;
	if (!l->any || line->entry < p->first_entry)
		p->first_entry = line->entry;
	l->any = true;
	if (end > l->last_end)
		l->last_end = end;
	hist_add(&p->captured[line->call.op], line->dur);
	if (p->files.n)
		hist_add(&p->files.captured[by_file_of(&p->files, l->f->n)], line->dur);
}

/* Names are longer in a tree: a buffer that was long enough for the original must be for these. */
static void make_room(struct rec *r)
{
	int len = op_arg_index(r->op, A_LEN);

	if (r->op == OP_getcwd && r->ret > 0 && r->arg[len] < PATH_MAX)
		r->arg[len] = PATH_MAX;
}

/* AIO, registered files, submissions. */
static int note_odd(struct loader *l, struct rline *line, struct err *err)
{
	int rc = op_has(line->call.op, A_IOCBS)   ? note_iocbs(l->p, &line->call, err)
		 : op_has(line->call.op, A_FILES) ? check_files(&line->call, err)
						  : 0;

	if (line->call.op == OP_uring_splice)
		note_ring_splice(l->p);
	if (rc == 0 && iocb_times_note(&l->iocbs, line, l->p->captured_aio))
		rc = no_memory(err);
	if (rc == 0)
		place_inner_fds(l->f, &line->call);
	return rc;
}

/* What is to be seen in a line of a row that is not plain. */
static int note_special(struct loader *l, struct rline *line, const struct row *row, uint64_t *path,
	uint64_t *path2, struct err *err)
{
	int rc = row->paths ? check_paths(l, &line->call, path, path2, err) : 0;

	if (rc == 0 && row->odd)
		rc = note_odd(l, line, err);
	if (rc)
		return rc;
	note_ids(l->f, line, row, path, path2);
	if (row->ends)
		fd_places_ended(&l->f->places, line->call.line);
	if (row->oflags >= 0)
		l->p->direct |= (line->call.arg[row->oflags] & O_DIRECT) != 0;
	if (row->sized)
		note_odd_sizes(l->p, &line->call);
	return 0;
}

/* Before the line is filed. 0 or -ENOMEM. */
static int note_label(struct filing *f, uint64_t label)
{
	struct label_run *run;

	if (f->n && label == f->written.label + 1)
		return 0;
	f->sorted &= f->n == 0 || f->written.label <= label;
	run = vec_push(&f->runs);
	if (!run)
		return -ENOMEM;
	*run = (struct label_run){label, f->n};
	return 0;
}

static int place_failed(const struct fd_places *p, struct err *err)
{
	if (p->failed != -ERANGE)
		return no_memory(err);
	return err_set(err, EINVAL, "the %s number %u is out of proportion: there are %llu operations so far",
		p->absurd_what, p->absurd, (unsigned long long)p->now);
}

/* ---- stretches ---- */

static void end_stretch(struct filing *f)
{
	if (f->in_stretch && f->stretches.v[f->stretches.n - 1].n < STRETCH_LEAST)
		f->stretches.n--;
	f->in_stretch = false;
}

static void note_in_stretch(struct stretch *s, const struct rline *line, uint64_t path, uint64_t path2)
{
	const struct rec *r = &line->call;

	s->opened += line->newfd != VFD_NONE;
	s->opened -= r->op == OP_close && r->ret == 0;
	if (s->opened > s->opened_most)
		s->opened_most = s->opened;
	s->cwd |= looks_at_cwd(r->op, r->arg, path, path2);
}

/* The line was filed in C from START on. 0 or -ENOMEM. */
static int note_stretch(struct filing *f, const struct rline *line, const struct row *row,
	const struct filed_chunk *c, size_t start, uint64_t path, uint64_t path2)
{
	const uint8_t *bytes = (const uint8_t *)c->data.p + start;
	struct stretch *s;

	if (!row->follows || line->nlist || !f->n || !filed_follows(bytes, &f->written)) {
		end_stretch(f);
		return 0;
	}
	if (start == 0)
		end_stretch(f);
	if (!f->in_stretch) {
		s = vec_push(&f->stretches);
		if (!s)
			return -ENOMEM;
		s->index = (uint32_t)f->n;
		f->in_stretch = true;
	}
	s = &f->stretches.v[f->stretches.n - 1];
	s->n++;
	s->bytes += (uint32_t)(c->data.len - start);
	if (!row->plain)
		note_in_stretch(s, line, path, path2);
	return 0;
}

/* Who had the places before that the line has got. */
static int wait_for_places(struct filing *f, struct rline *line)
{
	u64_vec *deps = &f->places.awaited;
	uint32_t i;

	for (i = 0; i < line->ndeps; i++) {
		uint64_t *slot = vec_push(deps);

		if (!slot)
			return -ENOMEM;
		*slot = line->deps[i];
	}
	line->deps = deps->v;
	line->ndeps = (uint32_t)deps->n;
	return 0;
}

static int take_line(struct loader *l, struct rline *line, struct err *err)
{
	struct filing *f = l->f;
	struct filed_chunk *c = chunk_with_room(f);
	const struct row *row = &f->rows[line->call.op];
	uint64_t path = PATH_REF(PATH_NULL, 0), path2 = path;
	size_t start;
	int rc;

	if (f->n >= UINT32_MAX)
		return err_set(err, EFBIG, "more operations than one replay can have");
	note_sizes(l->p, &line->call, row);
	f->places.awaited.n = 0;
	fd_places_line(&f->places, line->thread, line->process, f->n, l->p->rings.max > 0);
	if (row->plain) {
		note_common_ids(f, line, row);
	} else {
		rc = note_special(l, line, row, &path, &path2, err);
		if (rc)
			return rc;
	}
	if (f->places.failed)
		return place_failed(&f->places, err);
	if (f->places.awaited.n && wait_for_places(f, line))
		return no_memory(err);
	if (!c || note_label(f, line->call.line))
		return no_memory(err);
	note_times(l, line);
	start = c->data.len;
	filed_put(&c->data, &f->written, line, path, path2);
	if (!buf_ok(&c->data) || note_stretch(f, line, row, c, start, path, path2))
		return no_memory(err);
	f->n++;
	return 0;
}

/* Only the symbolic links matter here: do any lead upwards? */
static int read_init(struct loader *l, struct replay_reader *r, struct err *err)
{
	struct init_line line;
	char *target;
	bool up;
	int rc;

	for (;;) {
		rc = replay_next_init(r, &line, err);
		if (rc <= 0)
			return rc;
		if (line.kind != INIT_SYMLINK)
			continue;
		rc = tree_link_target(&l->p->trees, line.path, line.target, &target, &up, err);
		if (rc) {
			err_prefix(err, "%s:%llu", l->p->file, (unsigned long long)line.line);
			return rc;
		}
		l->p->paths.up_links |= up;
	}
}

/* Its line, its label and what waits for it stay; nothing is done there. */
static void leave_out(struct rline *line)
{
	line->call = (struct rec){.op = OP_end, .line = line->call.line};
	line->newfd = line->lock = VFD_NONE;
	line->new_process = line->new_thread = UINT32_MAX;
	line->newmap = MAP_NONE;
	line->nlist = 0;
}

static int take_next(struct loader *l, struct rline *line, struct err *err)
{
	int rc = 0;

	if (selection_drops(&l->p->selection, l->f->n))
		leave_out(line);
	if (ops[line->call.op].flags & OPF_STATE)
		l->p->states++;
	else
		l->left--;
	if (!l->f->rows[line->call.op].plain) {
		make_room(&line->call);
		if (l->p->rings.max || l->f->rows[line->call.op].ring)
			rc = rings_note(&l->p->rings, line, l->f->n, err);
	}
	if (rc == 0)
		rc = take_line(l, line, err);
	return rc ? err_prefix(err, "%s:%llu", l->p->file, (unsigned long long)l->f->n + 2) : 0;
}

static int read_ops(struct loader *l, struct replay_reader *r, struct err *err)
{
	struct replay_ahead *ahead;
	struct rline *line, *end;
	int rc = replay_ahead_new(&ahead, r);

	if (rc)
		return err_sys(err, -rc, "cannot load the replay");
	while (l->left) {
		rc = replay_ahead_next(ahead, &line, &end, err);
		if (rc <= 0)
			break;
		for (rc = 0; line < end && l->left && !rc; line++)
			rc = take_next(l, line, err);
		if (rc)
			break;
	}
	replay_ahead_free(ahead);
	return rc;
}

/* Numbers are dense in what generate writes; absurd ones would only make absurd tables. */
static int check_ids(const struct loader *l, struct err *err)
{
	const struct filing *f = l->f;
	uint64_t bound = 16 * f->n + (1u << 20);
	const struct {
		uint32_t max;
		const char *what;
	} ids[] = {{f->max_thread, "thread"}, {f->max_process, "process"},
		{f->max_lock, "lock"}, {f->max_aio, "AIO context"}, {f->max_map, "map"}};
	size_t i;

	for (i = 0; i < sizeof(ids) / sizeof(*ids); i++)
		if (ids[i].max > bound)
			return err_set(err, EINVAL,
				"%s: the %s number %u is out of proportion: there are %llu "
				"operations",
				l->p->file, ids[i].what, ids[i].max - 1, (unsigned long long)f->n);
	l->p->vthreads = f->max_thread;
	l->p->vfds = fd_places_count(&f->places);
	l->p->locks = f->max_lock;
	l->p->aio = f->max_aio;
	l->p->maps = f->max_map;
	return 0;
}

static int check_header(struct program *p, const struct replay_reader *r, const char *root,
	struct err *err)
{
	struct str id = replay_header(r, "id"), name = replay_header(r, "name");
	int rc;

	if (!tree_id_valid(id))
		return err_set(err, EINVAL, "%s: the header has no valid id", p->file);
	memcpy(p->id, id.s, id.len);
	p->id[id.len] = '\0';
	rc = tree_set_init(&p->trees, &p->arena, name, root,
		str_eqs(replay_header(r, "layout"), "root"), err);
	return rc ? err_prefix(err, "%s", p->file) : 0;
}

static int by_label(const void *va, const void *vb, void *labels)
{
	uint32_t a = *(const uint32_t *)va, b = *(const uint32_t *)vb;
	const uint64_t *label = labels;

	if (label[a] != label[b])
		return label[a] < label[b] ? -1 : 1;
	return a < b ? -1 : a > b;
}

static void expand_labels(struct filing *f)
{
	size_t run = 0;
	uint64_t i;

	for (i = 0; i < f->n; i++) {
		if (run + 1 < f->runs.n && f->runs.v[run + 1].index == i)
			run++;
		f->labels[i] = f->runs.v[run].label + (i - f->runs.v[run].index);
		f->by_label[i] = (uint32_t)i;
	}
}

static int index_labels(struct filing *f, struct err *err)
{
	if (f->sorted)
		return 0;
	f->labels = malloc(f->n * sizeof(*f->labels));
	f->by_label = malloc(f->n * sizeof(*f->by_label));
	if (!f->labels || !f->by_label)
		return no_memory(err);
	expand_labels(f);
	qsort_r(f->by_label, f->n, sizeof(*f->by_label), by_label, f->labels);
	return 0;
}

/* The last of the operations in front of INDEX that has LABEL, or INDEX. */
static uint64_t find_sorted(const struct filing *f, uint64_t label, uint64_t index)
{
	size_t low = 0, high = f->runs.n;
	const struct label_run *run;
	uint64_t end;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (f->runs.v[mid].label <= label && f->runs.v[mid].index < index)
			low = mid + 1;
		else
			high = mid;
	}
	if (low == 0)
		return index;
	run = &f->runs.v[low - 1];
	end = low < f->runs.n && run[1].index < index ? run[1].index : index;
	return label - run->label < end - run->index ? run->index + (label - run->label) : index;
}

static bool is_below(uint64_t label, uint64_t at, uint64_t other, uint64_t index)
{
	return label < other || (label == other && at < index);
}

static uint64_t find_unsorted(const struct filing *f, uint64_t label, uint64_t index)
{
	uint64_t low = 0, high = f->n;

	/* The last place whose (label, index) is below (label, INDEX). */
	while (low < high) {
		uint64_t mid = low + (high - low) / 2, at = f->by_label[mid];

		if (is_below(f->labels[at], at, label, index))
			low = mid + 1;
		else
			high = mid;
	}
	return low && f->labels[f->by_label[low - 1]] == label ? f->by_label[low - 1] : index;
}

int filing_find(const struct filing *f, uint64_t label, uint64_t index, uint64_t *found,
	struct err *err)
{
	*found = f->sorted ? find_sorted(f, label, index) : find_unsorted(f, label, index);
	if (*found != index)
		return 0;
	return err_set(err, EINVAL, "it waits for operation %llu, which is not in front of it",
		(unsigned long long)label);
}

void filing_free(struct filing *f)
{
	struct filed_chunk *c;

	while ((c = f->first)) {
		f->first = c->next;
		buf_free(&c->data);
		free(c);
	}
	vec_free(&f->runs);
	vec_free(&f->stretches);
	free(f->labels);
	free(f->by_label);
	free(f->awaited);
	fd_places_free(&f->places);
	vec_free(&f->vec);
	vec_free(&f->list);
}

static int read_file(struct loader *l, const char *root, bool scale, struct err *err)
{
	struct replay_reader *r;
	int rc = replay_open(&r, l->p->file, err);

	if (rc)
		return rc;
	rc = check_header(l->p, r, root, err);
	if (rc == 0 && scale)
		rc = tree_set_copy(&l->p->trees, 1, err);
	if (rc == 0)
		rc = read_ops(l, r, err);
	if (rc == 0)
		rc = read_init(l, r, err);
	replay_close(r);
	if (rc == 0)
		rc = check_ids(l, err);
	return rc ? rc : index_labels(l->f, err);
}

static int compile(struct program *p, struct filing *f, const struct options *o, struct err *err)
{
	struct analysis a = {0};
	int rc = analyse(&a, f, p, o->order, err);

	if (rc == 0) {
		rc = layout_make(&p->layout, &a.processes, a.threads, f->max_thread, o->processes,
			o->threads);
		if (rc)
			no_memory(err);
	}
	if (rc == 0)
		rc = link_streams(p, f, &a, o->order, pace_kind_of(o), err);
	analysis_free(&a);
	return rc;
}

int program_load(struct program *p, const struct options *o, const char *root, struct err *err)
{
	struct filing f = {.sorted = true, .written = FILED_START(pace_kind_of(o) != PACE_NONE)};
	struct loader l = {.p = p, .f = &f, .left = o->limit.ops ? o->limit.ops : UINT64_MAX};
	int rc;

	make_rows(f.rows, o->order);
	f.places.keep = o->order == ORDER_THREAD;
	*p = (struct program){.file = o->replay};
	paths_init(&p->paths, &p->trees);
	p->captured = calloc(OP_COUNT, sizeof(*p->captured));
	p->captured_aio = calloc(AIO_KINDS, sizeof(*p->captured_aio));
	rc = p->captured && p->captured_aio ? selection_make(&p->selection, &p->files, o, err) : no_memory(err);
	if (rc == 0)
		rc = read_file(&l, root, o->scale > 0, err);
	iocb_times_free(&l.iocbs);
	paths_index_free(&p->paths);
	p->ops = f.n;
	if (rc == 0 && p->trees.n == 0 && p->paths.text.len)
		rc = err_set(err, EINVAL,
			"%s: it has relative paths, but no path that says where its tree is", p->file);
	p->span = l.any ? l.last_end - p->first_entry : 0;
	if (rc == 0 && rings_match(&p->rings))
		rc = no_memory(err);
	if (rc == 0)
		rc = compile(p, &f, o, err);
	if (rc == 0)
		rc = copies_make(p, o->scale, err);
	if (rc == 0 && p->files.n)
		by_file_fit(&p->files, program_threads(p));
	filing_free(&f);
	return rc;
}

void program_free(struct program *p)
{
	uint32_t i;

	for (i = 0; p->streams && i < p->layout.threads; i++)
		xwriter_free(&p->streams[i]);
	free(p->streams);
	free(p->thread_ops);
	free(p->context_of);
	free(p->inherits_cwd);
	free(p->context_ends);
	free(p->aio_shared);
	free(p->captured);
	free(p->captured_aio);
	selection_free(&p->selection);
	by_file_free(&p->files);
	rings_free(&p->rings);
	layout_free(&p->layout);
	copies_free(p);
	paths_free(&p->paths);
	arena_free(&p->arena);
}
