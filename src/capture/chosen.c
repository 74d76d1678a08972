/* SPDX-License-Identifier: Apache-2.0 */
#include "capture/chosen.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "events/filter.h"
#include "ops/words.h"

struct chosen {
	bool wanted[OP_COUNT];
	bool limited;	      /* not all are */
	bool worded[OP_COUNT]; /* by -E */
	bool requests;	      /* of AIO may be meant */
	bool maps;	      /* calls may be meant whose file is the one at an address */
	struct filter *filter; /* NULL: none */
	struct events *events;
	struct chosen_needs needs;
	bool has_needs;
};

static bool tells_requests(enum op_id op)
{
	return op == OP_io_submit || op == OP_io_getevents || op == OP_io_pgetevents;
}

static bool allows_requests(const struct filter *f)
{
	unsigned op;

	for (op = OP_COUNT; op < EVENT_OPS; op++)
		if (filter_allows(f, op))
			return true;
	return false;
}

static int choose_words(struct chosen *c, const char *words, struct err *err)
{
	unsigned op;

	if (words)
		return words_choose(c->worded, words, "-E", err);
	for (op = 0; op < OP_COUNT; op++)
		c->worded[op] = true;
	return 0;
}

/* What calls tell that are not recorded: what was before in a thread, or in a file. */
static bool needs_others(const struct filter *f)
{
	return filter_uses(f, "gap") || filter_uses(f, "offset");
}

static int choose_filter(struct chosen *c, const char *text, struct err *err)
{
	static const char *const unknown[] = {"seq", "line"};
	int rc = filter_parse(&c->filter, text, err);
	size_t i;

	for (i = 0; !rc && i < sizeof(unknown) / sizeof(*unknown); i++)
		if (filter_uses(c->filter, unknown[i]))
			rc = err_set(err, EINVAL, "-F: %s is known of captures only, not of what is being recorded",
				unknown[i]);
	if (!rc)
		c->requests = allows_requests(c->filter);
	return rc;
}

static bool makes_maps(enum op_id op)
{
	return op == OP_mmap || op == OP_mremap || op == OP_munmap;
}

/* Maps are known from their beginning only. */
static void need_maps(struct chosen *c)
{
	unsigned op;

	c->maps = c->wanted[OP_munmap] || c->wanted[OP_mremap] || c->wanted[OP_msync] || c->wanted[OP_madvise];
	for (op = 0; op < OP_COUNT; op++)
		c->wanted[op] |= c->maps && makes_maps((enum op_id)op);
}

static void combine(struct chosen *c)
{
	bool others = c->filter && needs_others(c->filter);
	unsigned op;

	for (op = 0; op < OP_COUNT; op++) {
		bool pages = op == OP_map_read || op == OP_map_write;

		c->wanted[op] = c->worded[op];
		if (c->filter && (pages || !(others || filter_allows(c->filter, op))))
			c->wanted[op] = c->requests && tells_requests((enum op_id)op);
		c->wanted[op] |= words_always((enum op_id)op);
	}
	need_maps(c);
	for (op = 0; op < OP_COUNT; op++)
		c->limited |= !c->wanted[op];
}

/* Names of what memory is about come from maps, and requests of AIO from calls that tell of them. */
static bool may_be_passed_by(const struct chosen *c, enum op_id op)
{
	return c->wanted[op] && !words_always(op) && !tells_requests(op) && ops[op].family != FAM_Memory &&
	       op_nr(op) >= 0 && filter_allows(c->filter, op);
}

static unsigned take_ids(const struct filter *f, const char *column, uint32_t *ids, bool *fit)
{
	size_t n = filter_ids(f, column, ids, 0, CHOSEN_IDS);

	*fit = n <= CHOSEN_IDS;
	return *fit ? (unsigned)n : 0;
}

/* What is longer is the name of no thread; what a line of words cannot have is left to who reads the records. */
static bool take_names(const struct filter *f, struct chosen_needs *n)
{
	struct str names[CHOSEN_IDS];
	size_t all = filter_names(f, "comm", names, 0, CHOSEN_IDS), i, k;

	for (i = 0; i < all && all <= CHOSEN_IDS; i++) {
		if (names[i].len >= sizeof(n->comms[0]))
			continue;
		for (k = 0; k < names[i].len; k++)
			if ((unsigned char)names[i].s[k] < ' ')
				return false;
		if (!names[i].len)
			return false;
		memcpy(n->comms[n->comm_count++], names[i].s, names[i].len);
	}
	return all <= CHOSEN_IDS;
}

static void need(struct chosen *c)
{
	struct chosen_needs *n = &c->needs;
	bool pids, tids, uids, comms = take_names(c->filter, n);
	unsigned op;

	n->pid_count = take_ids(c->filter, "pid", n->pids, &pids);
	n->tid_count = take_ids(c->filter, "tid", n->tids, &tids);
	n->uid_count = take_ids(c->filter, "uid", n->uids, &uids);
	for (op = 0; op < OP_COUNT; op++) {
		struct filter_need *of = &n->of[op];

		if (!may_be_passed_by(c, (enum op_id)op))
			continue;
		filter_need(c->filter, op, of);
		of->pids &= pids;
		of->tids &= tids;
		of->uids &= uids;
		of->comms &= comms;
		c->has_needs |= chosen_need(of);
	}
}

int chosen_new(struct chosen **out, const char *words, const char *filter, struct err *err)
{
	struct chosen *c = calloc(1, sizeof(*c));
	int rc;

	if (!c)
		return err_sys(err, ENOMEM, "cannot choose calls");
	rc = choose_words(c, words, err);
	if (!rc && filter)
		rc = choose_filter(c, filter, err);
	if (rc) {
		chosen_free(c);
		return rc;
	}
	if (words || filter)
		combine(c);
	if (filter && !needs_others(c->filter))
		need(c);
	*out = c;
	return 0;
}

void chosen_free(struct chosen *c)
{
	if (!c)
		return;
	filter_free(c->filter);
	events_close(c->events);
	free(c);
}

const bool *chosen_ops(const struct chosen *c)
{
	return c->limited ? c->wanted : NULL;
}

const struct chosen_needs *chosen_needs(const struct chosen *c)
{
	return c->has_needs ? &c->needs : NULL;
}

uint8_t chosen_need(const struct filter_need *n)
{
	return (uint8_t)((n->failed ? WIRE_NEED_FAILED : 0) | (n->worked ? WIRE_NEED_WORKED : 0) |
			 (n->pids ? WIRE_NEED_PIDS : 0) | (n->tids ? WIRE_NEED_TIDS : 0) |
			 (n->latency ? WIRE_NEED_LATENCY : 0) | (n->uids ? WIRE_NEED_UIDS : 0) |
			 (n->comms ? WIRE_NEED_COMMS : 0));
}

bool chosen_has_id(const uint32_t *ids, unsigned n, uint32_t id)
{
	while (n)
		if (ids[--n] == id)
			return true;
	return false;
}

int chosen_begin(struct chosen *c, uint64_t start, struct str cmd, struct err *err)
{
	if (!c->filter)
		return 0;
	events_close(c->events);
	c->events = NULL;
	return events_start(&c->events, start, cmd, err);
}

static bool is_worded(const struct chosen *c, unsigned op)
{
	return op >= OP_COUNT || c->worded[op] || ops[op].flags & OPF_LAYER;
}

/* Of events of other layers only those without which names of processes, and sums, are not known. */
static bool is_needed(const struct chosen *c, enum op_id op)
{
	if (ops[op].flags & OPF_LAYER)
		return ops[op].family == FAM_Proc || ops[op].family == FAM_State;
	return words_always(op) || (c->requests && tells_requests(op)) || (c->maps && makes_maps(op));
}

/* Without memory nothing can be decided, and nothing is left out. */
bool chosen_keeps(struct chosen *c, const struct rec *r)
{
	bool keep;
	struct event ev;
	int rc;

	if (c->limited && !c->wanted[r->op])
		return false;
	if (!c->events)
		return true;
	keep = is_needed(c, r->op);
	for (rc = events_take(c->events, r, &ev); rc == 1; rc = events_more(c->events, &ev))
		keep |= is_worded(c, ev.op) && filter_matches(c->filter, &ev);
	return keep || rc < 0;
}
