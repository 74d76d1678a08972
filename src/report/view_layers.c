/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "datas/csv.h"
#include "ops/flags.h"
#include "ops/layer_list.h"
#include "ops/layers.h"
#include "report/layer_lines.h"
#include "report/vfs.h"
#include "report/view.h"
#include "trace/outfile.h"

/*
 * A file for each layer, with the columns that tracers of one layer each have and those that we know more of:
 * other programs read these. Times are ns since the capture began, but for names that end in _ms.
 */

enum { VFS = LAYER_COUNT, FILES }; /* by enum layer */

struct layers_view {
	struct view view;
	struct outfile *file[FILES];
	struct buf line[FILES];
	const char *directory;
};

static const struct {
	const char *name, *columns;
} files[FILES] = {
	[LAYER_SYS] = {"fs_events.csv",
		"timestamp,operation,pid,command,filename,size,inode,flags,offset,tid,latency_ns,result,bytes,"
		"new_filename,dev"},
	[LAYER_BLOCK] = {"block_events.csv",
		"timestamp,pid,command,sector,operation,size,latency_ms,tid,cpu_id,dev,queue_time_ms,cmd_flags,"
		"op_code,event,error,inode,filename,cause_pid,rwbs"},
	[LAYER_CACHE] = {"cache_events.csv",
		"timestamp,pid,command,event_type,inode,index,size,cpu_id,dev_id,count,offset,bytes,latency_ns,"
		"filename,cause_pid"},
	[LAYER_FAULT] = {"pagefault_events.csv",
		"timestamp,pid,tid,command,fault_type,severity,inode,offset,address,dev_id,latency_ns,filename"},
	[LAYER_NET] = {"nw_events.csv",
		"timestamp,pid,tid,command,direction,protocol,ip_version,src_addr,src_port,dst_addr,dst_port,bytes,"
		"latency_ns,error,flags,fd,size,messages"},
	[LAYER_CONN] = {"nw_conn_events.csv",
		"timestamp,event,pid,tid,command,domain,type,protocol,ip_version,local_addr,local_port,remote_addr,"
		"remote_port,fd,backlog,how,latency_ns,result,new_fd,old_state,state,cause_pid"},
	[LAYER_POLL] = {"nw_epoll_events.csv",
		"timestamp,event,pid,tid,command,epoll_fd,target_fd,operation,event_mask,max_events,ready,timeout_ns,"
		"latency_ns,error"},
	[LAYER_SOCKOPT] = {"nw_sockopt_events.csv",
		"timestamp,event,pid,tid,command,fd,level,option,value,size,result,latency_ns"},
	[LAYER_RETRANS] = {"nw_drop_events.csv",
		"timestamp,event,cause_pid,command,protocol,ip_version,src_addr,src_port,dst_addr,dst_port,state,size"},
	[LAYER_PROC] = {"process_events.csv",
		"timestamp,event,pid,tid,command,filename,child_pid,child_tid,exit_code,signal"},
	[LAYER_URING] = {"iouring_events.csv",
		"timestamp,event,pid,tid,command,opcode,fd,offset,length,result,latency_ns,inode,filename,way,sqpoll,"
		"fixed_file,request,user_data,to_submit,min_complete,flags"},
	[VFS] = {"vfs_events.csv", VFS_COLUMNS},
};

#define PAGE 4096u

/* --- fields --- */

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
	csv_text(out, str_of(event_name(ev)));
	csv_number(out, ev->rec->pid);
	csv_text(out, ev->comm);
	csv_text(out, ev->file);
	csv_number(out, ev->size);
	inode(out, ev);
	call_flags(out, ev);
	buf_char(out, ',');
	if (ev->offset >= 0)
		buf_u64(out, (uint64_t)ev->offset);
	csv_number(out, ev->rec->tid);
	csv_number(out, ev->latency);
	csv_signed(out, ev->ret);
	csv_number(out, ev->read + ev->written);
	csv_text(out, ev->file2);
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

/* As the kernel's own tracers write it (blk_fill_rwbs). */
static void rwbs(struct buf *out, uint64_t what)
{
	static const char *const names[LAYER_WRITE_ZEROES + 1] = {[LAYER_READ] = "R", [LAYER_WRITE] = "W",
		[LAYER_FLUSH] = "F", [LAYER_DISCARD] = "D", [LAYER_SECURE_ERASE] = "DE", [LAYER_ZONE_APPEND] = "ZA"};
	unsigned op = what & LAYER_OP;

	buf_puts(out, what & LAYER_PREFLUSH ? ",F" : ",");
	buf_puts(out, op <= LAYER_WRITE_ZEROES && names[op] ? names[op] : "N");
	buf_puts(out, what & LAYER_FUA ? "F" : "");
	buf_puts(out, what & LAYER_RAHEAD ? "A" : "");
	buf_puts(out, what & LAYER_SYNC ? "S" : "");
	buf_puts(out, what & LAYER_META ? "M" : "");
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
	csv_number(out, ev->rec->pid);
	csv_text(out, ev->comm);
	csv_number(out, rec_arg(ev->rec, A_SECTOR, 0));
	csv_text(out, str_of(operation_name(what)));
	csv_number(out, ev->size);
	buf_str(out, at_device.len ? buf_as_str(&at_device) : STR(","));
	csv_number(out, ev->rec->tid);
	cpu(out, ev);
	buf_addf(out, ",%u:%u", (unsigned)(dev >> 8 & 0xfff), (unsigned)((dev & 0xff) | (dev >> 12 & 0xfff00)));
	buf_str(out, in_queue.len ? buf_as_str(&in_queue) : STR(","));
	operation_flags(out, what);
	csv_number(out, what & LAYER_OP);
	csv_text(out, str_of(event_name(ev)));
	csv_signed(out, ev->error);
	inode(out, ev);
	csv_text(out, ev->file);
	csv_number(out, ev->cause);
	rwbs(out, what);
	buf_free(&at_device);
	buf_free(&in_queue);
}

static void put_cache(struct buf *out, const struct event *ev)
{
	uint64_t offset = ev->offset > 0 ? (uint64_t)ev->offset : 0;

	buf_u64(out, ev->start);
	csv_number(out, ev->rec->pid);
	csv_text(out, ev->comm);
	csv_text(out, str_of(event_name(ev) + sizeof("cache_") - 1));
	inode(out, ev);
	csv_number(out, offset / PAGE);
	csv_number(out, ev->has_inode ? (ev->rec->facts.size + PAGE - 1) / PAGE : 0);
	cpu(out, ev);
	device(out, ev);
	csv_number(out, (ev->size + PAGE - 1) / PAGE);
	csv_number(out, offset);
	csv_number(out, ev->size);
	csv_number(out, ev->latency);
	csv_text(out, ev->file);
	csv_number(out, ev->cause);
}

/* --- calls that let go of pages: the kernel has no hook there --- */

static const char *lets_go(const struct event *ev)
{
	if (ev->op >= OP_COUNT || ev->error)
		return NULL;
	switch (ev->op) {
	case OP_fadvise64:
	case OP_uring_fadvise64:
		return rec_arg(ev->rec, A_ADVICE, 0) == POSIX_FADV_DONTNEED ? "invalidate" : NULL;
	case OP_truncate:
	case OP_ftruncate:
	case OP_uring_ftruncate:
		return "invalidate";
	case OP_write:
		return str_eqs(ev->file, "/proc/sys/vm/drop_caches") ? "drop" : NULL;
	default:
		return ev->direct && ev->written ? "invalidate" : NULL;
	}
}

/* From an offset on, and so many bytes: 0 is to the end. False: it is no such call, and nothing is written. */
static bool put_let_go(struct buf *out, const struct event *ev)
{
	const char *how = lets_go(ev);
	bool moves = ev->written > 0;
	uint64_t offset = moves ? (uint64_t)(ev->offset > 0 ? ev->offset : 0) : rec_arg(ev->rec, A_OFF, 0);
	uint64_t bytes = moves ? ev->written : rec_arg(ev->rec, A_LEN, 0), last = offset + (bytes ? bytes - 1 : 0);
	bool drops = ev->op == OP_write && !ev->direct;

	if (!how)
		return false;
	buf_u64(out, ev->start);
	csv_number(out, ev->rec->pid);
	csv_text(out, ev->comm);
	csv_text(out, str_of(how));
	inode(out, ev);
	csv_number(out, drops ? 0 : offset / PAGE);
	csv_number(out, 0);
	buf_char(out, ',');
	device(out, ev);
	csv_number(out, bytes && !drops ? last / PAGE - offset / PAGE + 1 : 0);
	csv_number(out, drops ? 0 : offset);
	csv_number(out, drops ? 0 : bytes);
	csv_number(out, ev->latency);
	csv_text(out, ev->file);
	csv_number(out, ev->rec->pid);
	return true;
}

static void put_fault(struct buf *out, const struct event *ev)
{
	uint64_t flags = rec_arg(ev->rec, A_FAULTFLAGS, 0);

	buf_u64(out, ev->start);
	csv_number(out, ev->rec->pid);
	csv_number(out, ev->rec->tid);
	csv_text(out, ev->comm);
	csv_text(out, flags & LAYER_FAULT_WRITE ? STR("WRITE") : flags & LAYER_FAULT_EXEC ? STR("EXEC") : STR("READ"));
	csv_text(out, flags & LAYER_FAULT_MAJOR ? STR("MAJOR") : STR("MINOR"));
	inode(out, ev);
	csv_number(out, ev->offset > 0 ? (uint64_t)ev->offset : 0);
	buf_addf(out, ",0x%" PRIx64, rec_arg(ev->rec, A_FAULTAT, 0));
	device(out, ev);
	csv_number(out, ev->latency);
	csv_text(out, ev->file);
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

static int end_line(struct layers_view *l, int i, struct err *err)
{
	buf_puts(&l->line[i], "\r\n");
	return l->line[i].len < 65536 && buf_ok(&l->line[i]) ? 0 : flush(l, i, err);
}

static int layers_add(struct view *v, const struct event *ev, struct err *err)
{
	static void (*const put[LAYER_COUNT])(struct buf *, const struct event *) = {
		[LAYER_SYS] = put_call, [LAYER_BLOCK] = put_block, [LAYER_CACHE] = put_cache,
		[LAYER_FAULT] = put_fault, [LAYER_NET] = layer_put_net, [LAYER_CONN] = layer_put_conn,
		[LAYER_POLL] = layer_put_poll, [LAYER_SOCKOPT] = layer_put_sockopt,
		[LAYER_RETRANS] = layer_put_retrans, [LAYER_PROC] = layer_put_proc,
		[LAYER_URING] = layer_put_uring};
	struct layers_view *l = (struct layers_view *)v;
	int i = event_is_below(ev) ? (int)layer_of((enum op_id)ev->op) : LAYER_SYS, rc;

	put[i](&l->line[i], ev);
	rc = end_line(l, i, err);
	if (!rc && i == LAYER_SYS && vfs_put(&l->line[VFS], ev))
		rc = end_line(l, VFS, err);
	if (!rc && i == LAYER_SYS && put_let_go(&l->line[LAYER_CACHE], ev))
		rc = end_line(l, LAYER_CACHE, err);
	return rc;
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
