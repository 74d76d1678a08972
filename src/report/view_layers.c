/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "ops/flags.h"
#include "ops/layer_list.h"
#include "ops/layers.h"
#include "report/csv.h"
#include "report/view.h"
#include "trace/outfile.h"

/*
 * A file for each layer, with the columns that tracers of one layer each have and those that we know more of:
 * other programs read these. Times are ns since the capture began, but for names that end in _ms.
 */

enum { FILE_CALLS, FILE_BLOCK, FILE_CACHE, FILE_FAULTS, FILES };

struct layers_view {
	struct view view;
	struct outfile *file[FILES];
	struct buf line[FILES];
	const char *directory;
};

static const struct {
	const char *name, *columns;
} files[FILES] = {
	[FILE_CALLS] = {"fs_events.csv",
		"timestamp,operation,pid,command,filename,size,inode,flags,offset,tid,latency_ns,result,bytes,"
		"new_filename,dev"},
	[FILE_BLOCK] = {"block_events.csv",
		"timestamp,pid,command,sector,operation,size,latency_ms,tid,cpu_id,dev,queue_time_ms,cmd_flags,"
		"op_code,event,error,inode,filename,cause_pid"},
	[FILE_CACHE] = {"cache_events.csv",
		"timestamp,pid,command,event_type,inode,index,size,cpu_id,dev_id,count,offset,bytes,latency_ns,"
		"filename,cause_pid"},
	[FILE_FAULTS] = {"pagefault_events.csv",
		"timestamp,pid,tid,command,fault_type,severity,inode,offset,address,dev_id,latency_ns,filename"},
};

#define PAGE 4096u

/* --- fields --- */

static void text(struct buf *out, struct str s)
{
	buf_char(out, ',');
	csv_field(out, s);
}

static void number(struct buf *out, uint64_t n)
{
	buf_char(out, ',');
	buf_u64(out, n);
}

static void signed_number(struct buf *out, int64_t n)
{
	buf_addf(out, ",%" PRId64, n);
}

static void ms(struct buf *out, uint64_t ns)
{
	buf_addf(out, ",%" PRIu64 ".%06u", ns / 1000000, (unsigned)(ns % 1000000));
}

static void device(struct buf *out, const struct event *ev)
{
	buf_char(out, ',');
	if (ev->has_inode)
		buf_addf(out, "%u:%u", ev->dev_major, ev->dev_minor);
}

static void inode(struct buf *out, const struct event *ev)
{
	buf_char(out, ',');
	if (ev->has_inode)
		buf_u64(out, ev->ino);
}

static void cpu(struct buf *out, const struct event *ev)
{
	buf_char(out, ',');
	if (op_has(ev->rec->op, A_CPU))
		buf_u64(out, rec_arg(ev->rec, A_CPU, 0));
}

/* --- lines --- */

/* The first argument that is written as names, but for advice and whence as good a place as any. */
static void call_flags(struct buf *out, const struct event *ev)
{
	const struct rec *r = ev->rec;
	struct buf words = BUF_INIT;
	int i;

	buf_char(out, ',');
	for (i = 0; i < OP_ARGS; i++) {
		enum arg_kind kind = (enum arg_kind)ops[r->op].arg[i];

		if (arg_infos[kind].form != FORM_FLAGS)
			continue;
		flags_print(&words, kind, r->arg[i]);
		csv_field(out, buf_as_str(&words));
		break;
	}
	buf_free(&words);
}

static void put_call(struct buf *out, const struct event *ev)
{
	buf_u64(out, ev->start);
	text(out, str_of(event_name(ev)));
	number(out, ev->rec->pid);
	text(out, ev->comm);
	text(out, ev->file);
	number(out, ev->size);
	inode(out, ev);
	call_flags(out, ev);
	buf_char(out, ',');
	if (ev->offset >= 0)
		buf_u64(out, (uint64_t)ev->offset);
	number(out, ev->rec->tid);
	number(out, ev->latency);
	signed_number(out, ev->ret);
	number(out, ev->read + ev->written);
	text(out, ev->file2);
	device(out, ev);
}

static const char *operation_name(uint64_t what)
{
	switch (what & LAYER_OP) {
	case LAYER_READ:
		return "read";
	case LAYER_WRITE:
		return "write";
	case LAYER_FLUSH:
		return "flush";
	case LAYER_DISCARD:
		return "discard";
	case LAYER_SECURE_ERASE:
		return "secure_erase";
	case LAYER_ZONE_APPEND:
		return "zone_append";
	case LAYER_WRITE_ZEROES:
		return "write_zeroes";
	default:
		return "other";
	}
}

static void operation_flags(struct buf *out, uint64_t what)
{
	static const struct {
		unsigned bit;
		const char *name;
	} names[] = {{LAYER_SYNC, "SYNC"}, {LAYER_META, "META"}, {LAYER_PRIO, "PRIO"}, {LAYER_FUA, "FUA"},
		{LAYER_PREFLUSH, "PREFLUSH"}, {LAYER_RAHEAD, "RAHEAD"}, {LAYER_BACKGROUND, "BACKGROUND"},
		{LAYER_NOWAIT, "NOWAIT"}};
	const char *separator = "";
	size_t i;

	buf_char(out, ',');
	for (i = 0; i < sizeof(names) / sizeof(*names); i++) {
		if (!(what & names[i].bit))
			continue;
		buf_addf(out, "%s%s", separator, names[i].name);
		separator = "|";
	}
}

/* Of block_done: how long it was at the device, and before that in the queue. */
static void block_times(struct buf *out[2], const struct event *ev)
{
	uint64_t waited = rec_arg(ev->rec, A_WAITED, 0);

	if (ev->rec->op == OP_block_issue) {
		ms(out[1], ev->latency);
	} else if (ev->rec->op == OP_block_done) {
		bool known = waited != OFFPTR_NULL && waited <= ev->latency;

		ms(out[0], known ? ev->latency - waited : ev->latency);
		if (known)
			ms(out[1], waited);
	}
}

static void put_block(struct buf *out, const struct event *ev)
{
	struct buf at_device = BUF_INIT, in_queue = BUF_INIT;
	uint64_t dev = rec_arg(ev->rec, A_DEV, 0), what = rec_arg(ev->rec, A_BLKOP, 0);

	block_times((struct buf *[2]){&at_device, &in_queue}, ev);
	buf_u64(out, ev->start);
	number(out, ev->rec->pid);
	text(out, ev->comm);
	number(out, rec_arg(ev->rec, A_SECTOR, 0));
	text(out, str_of(operation_name(what)));
	number(out, ev->size);
	buf_str(out, at_device.len ? buf_as_str(&at_device) : STR(","));
	number(out, ev->rec->tid);
	cpu(out, ev);
	buf_addf(out, ",%u:%u", (unsigned)(dev >> 8 & 0xfff), (unsigned)((dev & 0xff) | (dev >> 12 & 0xfff00)));
	buf_str(out, in_queue.len ? buf_as_str(&in_queue) : STR(","));
	operation_flags(out, what);
	number(out, what & LAYER_OP);
	text(out, str_of(event_name(ev)));
	signed_number(out, ev->error);
	inode(out, ev);
	text(out, ev->file);
	number(out, ev->cause);
	buf_free(&at_device);
	buf_free(&in_queue);
}

static void put_cache(struct buf *out, const struct event *ev)
{
	uint64_t offset = ev->offset > 0 ? (uint64_t)ev->offset : 0;

	buf_u64(out, ev->start);
	number(out, ev->rec->pid);
	text(out, ev->comm);
	text(out, str_of(event_name(ev) + sizeof("cache_") - 1));
	inode(out, ev);
	number(out, offset / PAGE);
	number(out, ev->has_inode ? (ev->rec->facts.size + PAGE - 1) / PAGE : 0);
	cpu(out, ev);
	device(out, ev);
	number(out, (ev->size + PAGE - 1) / PAGE);
	number(out, offset);
	number(out, ev->size);
	number(out, ev->latency);
	text(out, ev->file);
	number(out, ev->cause);
}

static void put_fault(struct buf *out, const struct event *ev)
{
	uint64_t flags = rec_arg(ev->rec, A_FAULTFLAGS, 0);

	buf_u64(out, ev->start);
	number(out, ev->rec->pid);
	number(out, ev->rec->tid);
	text(out, ev->comm);
	text(out, flags & LAYER_FAULT_WRITE ? STR("WRITE") : flags & LAYER_FAULT_EXEC ? STR("EXEC") : STR("READ"));
	text(out, flags & LAYER_FAULT_MAJOR ? STR("MAJOR") : STR("MINOR"));
	inode(out, ev);
	number(out, ev->offset > 0 ? (uint64_t)ev->offset : 0);
	buf_addf(out, ",0x%" PRIx64, rec_arg(ev->rec, A_FAULTAT, 0));
	device(out, ev);
	number(out, ev->latency);
	text(out, ev->file);
}

/* --- files --- */

static int flush(struct layers_view *l, int i, struct err *err)
{
	int rc;

	if (!buf_ok(&l->line[i]))
		return err_sys(err, ENOMEM, "%s/%s", l->directory, files[i].name);
	rc = outfile_write(l->file[i], l->line[i].p, l->line[i].len, err);
	l->line[i].len = 0;
	return rc;
}

static int layers_add(struct view *v, const struct event *ev, struct err *err)
{
	static void (*const put[FILES])(struct buf *, const struct event *) = {
		[FILE_CALLS] = put_call, [FILE_BLOCK] = put_block, [FILE_CACHE] = put_cache, [FILE_FAULTS] = put_fault};
	static const int file_of[LAYER_COUNT] = {[LAYER_SYS] = FILE_CALLS, [LAYER_BLOCK] = FILE_BLOCK,
		[LAYER_CACHE] = FILE_CACHE, [LAYER_FAULT] = FILE_FAULTS};
	struct layers_view *l = (struct layers_view *)v;
	int i = file_of[event_is_below(ev) ? layer_of((enum op_id)ev->op) : LAYER_SYS];

	put[i](&l->line[i], ev);
	buf_puts(&l->line[i], "\r\n");
	return l->line[i].len < 65536 && buf_ok(&l->line[i]) ? 0 : flush(l, i, err);
}

/* What is lost is lost of all layers: the last line of each file. */
static int layers_end(struct view *v, const struct ending *ending, struct buf *out, struct err *err)
{
	struct layers_view *l = (struct layers_view *)v;
	int i, rc = 0;

	(void)out;
	for (i = 0; i < FILES && !rc; i++) {
		struct outfile *file = l->file[i];

		if (ending->totals->lost)
			buf_addf(&l->line[i], "lost,%" PRIu64 "\r\n", ending->totals->lost);
		rc = flush(l, i, err);
		if (rc)
			break;
		l->file[i] = NULL;
		rc = outfile_commit(file, err);
	}
	return rc;
}

static void layers_free_view(struct view *v)
{
	struct layers_view *l = (struct layers_view *)v;
	int i;

	for (i = 0; i < FILES; i++) {
		if (l->file[i])
			outfile_abort(l->file[i]);
		buf_free(&l->line[i]);
	}
	free(l);
}

static int open_file(struct layers_view *l, int i, struct err *err)
{
	char *path;
	int rc;

	if (asprintf(&path, "%s/%s", l->directory, files[i].name) < 0)
		return err_sys(err, ENOMEM, "%s", l->directory);
	rc = outfile_open(&l->file[i], path, OUTFILE_WHOLE, err);
	free(path);
	buf_puts(&l->line[i], files[i].columns);
	buf_puts(&l->line[i], "\r\n");
	return rc;
}

bool view_is_directory(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

int view_layers(struct view **out, const char *directory, struct err *err)
{
	static const struct view_ops layers_ops = {layers_add, layers_end, layers_free_view};
	struct layers_view *l = calloc(1, sizeof(*l));
	int i, rc = 0;

	if (!l)
		return err_sys(err, ENOMEM, "%s", directory);
	l->view.ops = &layers_ops;
	l->directory = directory;
	*out = &l->view;
	for (i = 0; i < FILES && !rc; i++)
		rc = open_file(l, i, err);
	return rc;
}
