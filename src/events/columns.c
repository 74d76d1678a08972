/* SPDX-License-Identifier: Apache-2.0 */
#include "events/columns.h"

#include <stdio.h>

#include "trace/replay.h"

#define NUMBER(name, expr)                                                                         \
	static int64_t name(const struct event *ev)                                                \
	{                                                                                          \
		return (int64_t)(expr);                                                            \
	}
#define TEXT(name, expr)                                                                           \
	static struct str name(const struct event *ev, char scratch[COLUMN_SCRATCH])               \
	{                                                                                          \
		(void)scratch;                                                                     \
		return (expr);                                                                     \
	}

NUMBER(get_seq, ev->seq)
NUMBER(get_time, ev->start)
NUMBER(get_latency, ev->latency)
NUMBER(get_gap, ev->gap)
NUMBER(get_pid, ev->rec->pid)
NUMBER(get_tid, ev->rec->tid)
NUMBER(get_cause, ev->cause ? ev->cause : ev->rec->pid)
NUMBER(get_uid, ev->uid)
NUMBER(get_fd, ev->fd)
NUMBER(get_ret, ev->ret)
NUMBER(get_bytes, ev->read + ev->written)
NUMBER(get_read, ev->read)
NUMBER(get_written, ev->written)
NUMBER(get_size, ev->size)
NUMBER(get_offset, ev->offset)
NUMBER(get_ino, ev->has_inode ? ev->ino : 0)
NUMBER(get_line, ev->rec->line)

TEXT(get_comm, ev->comm)
TEXT(get_op, str_of(event_name(ev)))
TEXT(get_family, str_of(op_family_names[event_family(ev)]))
TEXT(get_class, str_of(op_class_names[event_class(ev)]))
TEXT(get_file, ev->file)
TEXT(get_file2, ev->file2)

static struct str get_error(const struct event *ev, char scratch[COLUMN_SCRATCH])
{
	const char *name = ev->error ? errno_name(ev->error) : "";

	if (name)
		return str_of(name);
	return (struct str){scratch, (size_t)snprintf(scratch, COLUMN_SCRATCH, "E%d", ev->error)};
}

static struct str get_dir(const struct event *ev, char scratch[COLUMN_SCRATCH])
{
	struct str dir = ev->file;
	const char *slash = dir.len ? memrchr(dir.s, '/', dir.len) : NULL;

	(void)scratch;
	if (!slash)
		return STR_NONE;
	dir.len = slash == dir.s ? 1 : (size_t)(slash - dir.s);
	return dir;
}

static struct str get_device(const struct event *ev, char scratch[COLUMN_SCRATCH])
{
	if (!ev->has_inode)
		return STR_NONE;
	return (struct str){scratch,
		(size_t)snprintf(scratch, COLUMN_SCRATCH, "%u:%u", ev->dev_major, ev->dev_minor)};
}

const struct column columns[] = {
	{"seq", COLUMN_NUMBER, "number of the call in the capture, from 1", NULL, get_seq, false},
	{"time", COLUMN_TIME, "when it began, since the capture did", NULL, get_time, false},
	{"latency", COLUMN_TIME, "how long it took", NULL, get_latency, false},
	{"gap", COLUMN_TIME, "how long its thread had been outside of calls before; 0 for its first one",
		NULL, get_gap, false},
	{"comm", COLUMN_TEXT, "what the thread is called then: its program, or the name that it was given",
		get_comm, NULL, false},
	{"pid", COLUMN_NUMBER, "process", NULL, get_pid, false},
	{"tid", COLUMN_NUMBER, "thread", NULL, get_tid, false},
	{"cause", COLUMN_NUMBER, "process that an event of another layer is for; of calls the process", NULL,
		get_cause, false},
	{"uid", COLUMN_NUMBER, "effective user of the thread, -1 when not known", NULL, get_uid, false},
	{"op", COLUMN_TEXT, "the call", get_op, NULL, true},
	{"family", COLUMN_TEXT, "FS, AIO, Memory, Network ...", get_family, NULL, true},
	{"class", COLUMN_TEXT, "READ, WRITE, TRANSFER: the result is bytes; else UNCLASSIFIED", get_class,
		NULL, true},
	{"fd", COLUMN_NUMBER, "descriptor, -1 for none", NULL, get_fd, false},
	{"ret", COLUMN_NUMBER, "result, -errno of failures", NULL, get_ret, false},
	{"error", COLUMN_TEXT, "name of the error, empty for none", get_error, NULL, false},
	{"bytes", COLUMN_BYTES, "moved: read and written", NULL, get_bytes, false},
	{"read", COLUMN_BYTES, "bytes read", NULL, get_read, false},
	{"written", COLUMN_BYTES, "bytes written", NULL, get_written, false},
	{"size", COLUMN_BYTES, "bytes asked for", NULL, get_size, false},
	{"offset", COLUMN_NUMBER, "in the file, -1 when there is none", NULL, get_offset, false},
	{"file", COLUMN_TEXT, "the file, by an absolute name where that is known", get_file, NULL, false},
	{"file2", COLUMN_TEXT, "new name, link target, or the file that a copy writes", get_file2, NULL, false},
	{"dir", COLUMN_TEXT, "directory of the file", get_dir, NULL, false},
	{"device", COLUMN_TEXT, "device of the file, MAJOR:MINOR", get_device, NULL, false},
	{"ino", COLUMN_NUMBER, "inode number of the file, 0 when not known", NULL, get_ino, false},
	{"line", COLUMN_NUMBER, "line of the capture", NULL, get_line, false},
};
const unsigned column_count = sizeof(columns) / sizeof(columns[0]);

static const struct {
	const char *word, *column;
} other_words[] = {{"path", "file"}, {"process", "pid"}, {"thread", "tid"}};

const struct column *column_find(struct str name)
{
	unsigned i;

	for (i = 0; i < sizeof(other_words) / sizeof(*other_words); i++)
		if (str_eqs(name, other_words[i].word))
			name = str_of(other_words[i].column);
	for (i = 0; i < column_count; i++)
		if (str_eqs(name, columns[i].name))
			return &columns[i];
	return NULL;
}

struct str column_names(void)
{
	static char names[320];
	unsigned i;
	size_t len = 0;

	for (i = 0; i < column_count; i++)
		len += (size_t)snprintf(names + len, sizeof(names) - len, "%s%s", i ? ", " : "",
			columns[i].name);
	return (struct str){names, len};
}

struct str column_text(const struct column *c, const struct event *ev, char scratch[COLUMN_SCRATCH])
{
	if (c->type == COLUMN_TEXT)
		return c->text(ev, scratch);
	return (struct str){scratch, (size_t)(str_put_i64(scratch, c->number(ev)) - scratch)};
}
