/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>

#include "datas/json_parts.h"
#include "report/export_lines.h"
#include "utils/json_bytes.h"

/*
 * Trace Event Format, which https://ui.perfetto.dev and chrome://tracing read: an event a line. Calls are
 * complete events ("X") of their thread. What goes on beside them, requests of AIO and io_uring, is
 * asynchronous ("b", "e"). Loss is an event of its own, in otherData, and in its name.
 */

struct known_name {
	struct hnode node; /* by id */
	uint32_t id;
	bool process; /* else a thread */
	char comm[COMM_MAX + 1];
};

static void put_us(struct buf *out, const char *key, uint64_t ns)
{
	buf_addf(out, "\"%s\":%" PRIu64 ".%03u", key, ns / 1000, (unsigned)(ns % 1000));
}

static struct known_name *name_of(struct lines_view *l, uint32_t id, bool process)
{
	uint64_t hash = hash_u64((uint64_t)process << 32 | id);
	struct known_name *k;
	struct hnode *n;

	for (n = hmap_first(&l->known, hash); n; n = hmap_next(n)) {
		k = hmap_entry(n, struct known_name, node);
		if (k->id == id && k->process == process)
			return k;
	}
	k = arena_alloc(&l->arena, sizeof(*k));
	if (!k || hmap_insert(&l->known, &k->node, hash)) {
		l->line.failed = true;
		return NULL;
	}
	k->id = id;
	k->process = process;
	return k;
}

/* The name of K, when it is new. Viewers show the last one. */
static void put_name(struct lines_view *l, const struct event *ev, struct known_name *k)
{
	if (!k || ev->comm.len >= sizeof(k->comm) || str_eqs(ev->comm, k->comm))
		return;
	memcpy(k->comm, ev->comm.s, ev->comm.len);
	k->comm[ev->comm.len] = '\0';
	buf_addf(&l->line, "{\"ph\":\"M\",\"name\":\"%s_name\",\"pid\":%u,",
		k->process ? "process" : "thread", ev->rec->pid);
	if (!k->process)
		buf_addf(&l->line, "\"tid\":%u,", ev->rec->tid);
	buf_puts(&l->line, "\"args\":{\"name\":");
	export_json(&l->line, json_bytes(ev->comm));
	buf_puts(&l->line, "}},\n");
}

/* A process is called as its first thread is, or as the one that was seen first. */
static void put_names(struct lines_view *l, const struct event *ev)
{
	struct known_name *process;

	if (!ev->comm.len)
		return;
	process = name_of(l, ev->rec->pid, true);
	if (process && (ev->rec->tid == ev->rec->pid || !*process->comm))
		put_name(l, ev, process);
	put_name(l, ev, name_of(l, ev->rec->tid, false));
}

static void put_args(struct buf *out, const struct event *ev)
{
	json_t *args = json_object();
	char scratch[COLUMN_SCRATCH];
	struct str error = column_find(STR("error"))->text(ev, scratch);

	json_put(&args, "ret", json_integer(ev->ret));
	if (ev->file.len)
		json_put(&args, "file", json_bytes(ev->file));
	if (ev->file2.len)
		json_put(&args, "file2", json_bytes(ev->file2));
	if (error.len)
		json_put(&args, "error", json_bytes(error));
	if (ev->fd >= 0)
		json_put(&args, "fd", json_integer(ev->fd));
	if (ev->offset >= 0)
		json_put(&args, "offset", json_integer(ev->offset));
	if (ev->read + ev->written)
		json_put(&args, "bytes", json_number(ev->read + ev->written));
	buf_puts(out, ",\"args\":");
	export_json(out, args);
}

static void put_event(struct buf *out, const struct event *ev, const char *phase, uint64_t at)
{
	buf_addf(out, "{\"ph\":\"%s\",\"name\":\"%s\",\"cat\":\"%s\",\"pid\":%u,\"tid\":%u,", phase, event_name(ev),
		op_family_names[event_family(ev)], ev->rec->pid, ev->rec->tid);
	put_us(out, "ts", at);
}

void export_perfetto_begin(struct lines_view *l)
{
	buf_puts(&l->line, "{\"displayTimeUnit\":\"ns\",\"traceEvents\":[\n");
}

void export_perfetto(struct lines_view *l, const struct event *ev)
{
	bool beside = ev->op >= OP_COUNT || op_has(ev->rec->op, A_SQE);
	struct buf *out = &l->line;

	put_names(l, ev);
	put_event(out, ev, beside ? "b" : "X", ev->start);
	if (beside) {
		buf_addf(out, ",\"id\":%" PRIu64, ev->seq);
	} else {
		buf_char(out, ',');
		put_us(out, "dur", ev->latency);
	}
	put_args(out, ev);
	buf_puts(out, "},\n");
	if (beside) {
		put_event(out, ev, "e", ev->start + ev->latency);
		buf_addf(out, ",\"id\":%" PRIu64 "},\n", ev->seq);
	}
}

void export_perfetto_end(struct lines_view *l, const struct ending *e, struct buf *told)
{
	(void)told;
	buf_addf(&l->line, "{\"ph\":\"i\",\"s\":\"g\",\"name\":\"");
	if (e->totals->lost)
		buf_addf(&l->line, "%" PRIu64 " records were lost", e->totals->lost);
	else
		buf_puts(&l->line, "end of the capture");
	buf_puts(&l->line, "\",\"cat\":\"ioriot\",\"pid\":0,\"tid\":0,");
	put_us(&l->line, "ts", e->totals->end);
	buf_addf(&l->line, "}\n],\"otherData\":{\"lost\":%" PRIu64 ",\"capture\":", e->totals->lost);
	export_json(&l->line, json_bytes(str_of(e->capture)));
	buf_puts(&l->line, "}}\n");
}
