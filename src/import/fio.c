/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "datas/arena.h"
#include "datas/hmap.h"
#include "import/import.h"
#include "trace/capture.h"
#include "trace/lines.h"
#include "trace/outfile.h"

/*
 * An iolog of fio (fio(1), TRACE FILE FORMAT), as one process that opens, reads and writes the files in it. The log has
 * no results and no latencies: each call moved all of its bytes, and took no time. It is read twice: what is read from
 * a file was there before, unless it is written earlier, which generate sees; other files may have been made.
 */

#define FIRST_FD  3
#define LENGTH_MAX INT64_C(0x7ffff000) /* what one call of Linux moves */
#define CHUNK	  65536

/* A file of the log. */
struct log_file {
	struct hnode node;
	const char *name;
	int fd; /* -1: not open */
	bool is_read;
};

struct fio_log {
	struct import_result *res;
	struct err *err;
	struct arena arena;
	struct hmap files;
	struct outfile *out;
	struct buf buf;
	uint64_t line, now; /* ns */
	uint32_t pid;
	int next_fd;
	unsigned version;
	bool looks; /* what is in it, and writes nothing */
};

static int emit(struct fio_log *log, struct rec *rec)
{
	int rc;

	if (log->looks)
		return 0;
	rec->t = log->now;
	rec->pid = rec->tid = log->pid;
	capture_print(&log->buf, rec);
	log->res->records++;
	if (!buf_ok(&log->buf))
		return err_sys(log->err, ENOMEM, "cannot import");
	if (log->buf.len < CHUNK)
		return 0;
	rc = outfile_write(log->out, log->buf.p, log->buf.len, log->err);
	log->buf.len = 0;
	return rc;
}

static int lose(struct fio_log *log, const char *why)
{
	struct rec rec = {.op = OP_lost, .arg = {1}, .path = str_of(why)};

	if (log->looks)
		return 0;
	log->res->lost++;
	import_reason(log->res, why, log->line);
	return emit(log, &rec);
}

static void set(struct rec *rec, enum arg_kind kind, uint64_t value)
{
	rec->arg[op_arg_index(rec->op, kind)] = value;
}

/* ---- files ---- */

static struct log_file *file_of(struct fio_log *log, struct str name, bool add)
{
	uint64_t hash = hash_bytes(name.s, name.len, 0);
	struct log_file *f;
	struct hnode *n;

	for (n = hmap_first(&log->files, hash); n; n = hmap_next(n))
		if (str_eqs(name, hmap_entry(n, struct log_file, node)->name))
			return hmap_entry(n, struct log_file, node);
	f = add ? arena_alloc(&log->arena, sizeof(*f)) : NULL;
	if (!f)
		return NULL;
	f->name = arena_strdup(&log->arena, name);
	f->fd = -1;
	return f->name && !hmap_insert(&log->files, &f->node, hash) ? f : NULL;
}

static int open_file(struct fio_log *log, struct str name)
{
	struct log_file *f = file_of(log, name, true);
	struct rec rec = {.op = OP_openat, .path = name, .has_ret = true, .ret = log->next_fd};

	if (!f)
		return err_sys(log->err, ENOMEM, "cannot import");
	if (f->fd >= 0)
		return 0;
	f->fd = log->next_fd++;
	set(&rec, A_DIRFD, (uint64_t)AT_FDCWD);
	set(&rec, A_OFLAGS, f->is_read ? O_RDWR : O_RDWR | O_CREAT);
	set(&rec, A_MODE, 0600);
	return emit(log, &rec);
}

static int close_file(struct fio_log *log, struct log_file *f)
{
	struct rec rec = {.op = OP_close, .has_ret = true};

	set(&rec, A_FD, (uint64_t)f->fd);
	f->fd = -1;
	return emit(log, &rec);
}

/* ---- lines ---- */

static const struct {
	const char *name;
	enum op_id op;
	bool placed; /* has offset and length */
} actions[] = {{"read", OP_pread64, true}, {"write", OP_pwrite64, true}, {"sync", OP_fsync, false},
	{"datasync", OP_fdatasync, false}, {"trim", OP_fallocate, true}};

static int make_call(struct fio_log *log, size_t action, struct log_file *f, int64_t offset, int64_t length)
{
	struct rec rec = {.op = actions[action].op, .has_ret = true};

	f->is_read |= rec.op == OP_pread64;
	set(&rec, A_FD, (uint64_t)f->fd);
	if (actions[action].placed) {
		set(&rec, A_OFF, (uint64_t)offset);
		set(&rec, A_LEN, (uint64_t)length);
	}
	if (rec.op == OP_fallocate)
		set(&rec, A_FALLOCMODE, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE);
	else if (actions[action].placed)
		rec.ret = length;
	return emit(log, &rec);
}

static int on_action(struct fio_log *log, struct str name, struct str action, struct str offset, struct str length)
{
	struct log_file *f = file_of(log, name, false);
	int64_t at = 0, len = 0;
	size_t i;

	if (str_eqs(action, "wait") && log->version == 2) {
		if (str_i64(offset, &at) || at < 0 || at > INT64_MAX / 1000 / 1000)
			return lose(log, "a time that is none");
		log->now += (uint64_t)at * 1000;
		return 0;
	}
	if (str_eqs(action, "add"))
		return 0;
	if (str_eqs(action, "open"))
		return open_file(log, name);
	if (!f || f->fd < 0)
		return lose(log, "of a file that is not open");
	if (str_eqs(action, "close"))
		return close_file(log, f);
	for (i = 0; i < sizeof(actions) / sizeof(*actions); i++)
		if (str_eqs(action, actions[i].name))
			break;
	if (i == sizeof(actions) / sizeof(*actions))
		return lose(log, "an action that is not known");
	if (actions[i].placed && (str_i64(offset, &at) || str_i64(length, &len) || at < 0 || len <= 0 ||
					 len > LENGTH_MAX || at > INT64_MAX - len))
		return lose(log, "a place that is none");
	return make_call(log, i, f, at, len);
}

static struct str next_word(struct str *rest)
{
	struct str word = STR_NONE;

	while (rest->len && !word.len)
		str_take_char(rest, ' ', &word);
	return word;
}

static int on_line(struct fio_log *log, struct str line)
{
	struct str name, action, offset;
	int64_t us;

	if (log->version == 3) {
		if (str_i64(next_word(&line), &us) || us < 0 || us > INT64_MAX / 1000 / 1000)
			return lose(log, "a line without its time");
		if ((uint64_t)us * 1000 > log->now)
			log->now = (uint64_t)us * 1000;
	}
	name = next_word(&line);
	action = next_word(&line);
	offset = next_word(&line);
	if (!action.len)
		return lose(log, "a line that is none of an iolog");
	return on_action(log, name, action, offset, next_word(&line));
}

static int read_version(struct fio_log *log, struct lines *lines, const char *from)
{
	struct str line = STR_NONE;
	int rc = lines_next(lines, &line, log->err);

	if (rc < 0 && rc != -EINVAL)
		return rc;
	if (rc > 0)
		log->version = str_eqs(line, "fio version 2 iolog") ? 2 : str_eqs(line, "fio version 3 iolog") ? 3 : 0;
	return log->version ? 0 : err_set(log->err, EPROTO, "%s is no iolog of fio, version 2 or 3", from);
}

static int read_lines(struct fio_log *log, struct lines *lines)
{
	struct str line;
	int rc = 0, got;

	while (!rc && (got = lines_next(lines, &line, log->err)) != 0) {
		log->line = lines_number(lines);
		if (got > 0)
			rc = line.len ? on_line(log, line) : 0;
		else
			rc = got == -EINVAL ? lose(log, "a line that is too long") : got;
	}
	log->res->lines = log->line;
	log->res->cut = lines_cut(lines);
	return rc;
}

static int one_pass(struct fio_log *log, const char *from)
{
	struct lines *lines = NULL;
	int rc = lines_open(&lines, from, log->err);

	log->now = log->line = 0;
	log->next_fd = FIRST_FD;
	if (!rc)
		rc = read_version(log, lines, from);
	if (!rc)
		rc = read_lines(log, lines);
	lines_close(lines);
	return rc;
}

/* ---- the whole ---- */

static void close_all(struct fio_log *log)
{
	struct hnode *n, *tmp;
	size_t i;

	hmap_each(&log->files, n, tmp, i)
		hmap_entry(n, struct log_file, node)->fd = -1;
}

static int begin(struct fio_log *log, const char *from)
{
	struct rec task = {.op = OP_state_task, .path2 = STR("/")};
	char cwd[4096];
	int rc;

	close_all(log);
	log->looks = false;
	log->now = 0;
	if (!getcwd(cwd, sizeof(cwd)))
		return err_sys(log->err, errno, "the working directory");
	rc = import_header(&log->buf, "fio", 0, from, log->err);
	task.path = str_of(cwd);
	set(&task, A_MODE, 022);
	return rc ? rc : emit(log, &task);
}

/* What the log leaves open ends with the process. */
static int end(struct fio_log *log)
{
	struct rec exit = {.op = OP_exit_group}, last = {.op = OP_end};
	int rc = emit(log, &exit);

	log->pid = 0;
	last.arg[0] = log->res->records;
	last.arg[1] = log->res->lost;
	if (!rc)
		rc = emit(log, &last);
	log->res->records--;
	return rc ? rc : outfile_write(log->out, log->buf.p, log->buf.len, log->err);
}

int import_fio(const char *from, const char *to, struct import_result *res, struct err *err)
{
	struct fio_log log = {.res = res, .err = err, .files = HMAP_INIT, .pid = 1, .looks = true};
	int rc;

	*res = (struct import_result){.processes = 1};
	rc = one_pass(&log, from);
	if (!rc)
		rc = outfile_open(&log.out, to, OUTFILE_WHOLE, err);
	if (!rc)
		rc = begin(&log, from);
	if (!rc)
		rc = one_pass(&log, from);
	if (!rc)
		rc = end(&log);
	if (log.out && !rc)
		rc = outfile_commit(log.out, err);
	else if (log.out)
		outfile_abort(log.out);
	hmap_free(&log.files);
	arena_free(&log.arena);
	buf_free(&log.buf);
	return rc;
}
