/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "randprog.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

/*
 * Few names, so that tasks meet: x y z are mostly directories, a to f files, s to v symbolic
 * links, p and q FIFOs. An open(2) of a FIFO may wait for ever, so nothing else becomes a p or q.
 */

struct text {
	char *s;
	size_t len, size;
};

static void put(struct text *t, const char *s)
{
	size_t n = strlen(s);

	if (t->len + n >= t->size)
		return;
	memcpy(t->s + t->len, s, n + 1);
	t->len += n;
}

static void put_char(struct text *t, char c)
{
	put(t, (char[2]){c, '\0'});
}

static void put_long(struct text *t, size_t n)
{
	while (n--)
		put_char(t, 'n');
}

static void put_name(struct ctx *c, struct text *t, enum want want)
{
	static const char *const names[] = {
		[WANT_FILE] = "abcdef",
		[WANT_DIR] = "xyz",
		[WANT_LINK] = "stuv",
		[WANT_NEW] = "abcdefxyzstuv",
		[WANT_FIFO] = "pq",
	};

	if (want == WANT_ANY)
		want = rng_percent(&c->rng, 55) ? WANT_FILE
		       : rng_percent(&c->rng, 60) ? WANT_DIR
						  : WANT_LINK;
	put_char(t, names[want][rng_below(&c->rng, (uint32_t)strlen(names[want]))]);
}

/* A directory on the way: often one that is there, sometimes something else. */
static void put_way(struct ctx *c, struct text *t)
{
	unsigned roll = rng_below(&c->rng, 100);

	if (roll < 70)
		put_name(c, t, WANT_DIR);
	else if (roll < 88)
		put_name(c, t, WANT_LINK);
	else if (roll < 93)
		put_name(c, t, WANT_ANY);
	else if (roll < 97)
		put(t, ".");
	else
		put(t, "..");
	put(t, rng_percent(&c->rng, 95) ? "/" : "//");
}

static void put_end(struct ctx *c, struct text *t, enum want want)
{
	unsigned roll = rng_below(&c->rng, 100);

	if (roll < 94)
		put_name(c, t, rng_percent(&c->rng, 90) || want == WANT_FIFO ? want : WANT_ANY);
	else if (roll < 95)
		put_long(t, NAME_MAX);
	else if (roll < 96)
		put_long(t, NAME_MAX + 1);
	else if (roll < 98)
		put(t, ".");
	else if (t->len)
		put(t, "..");
	else
		put(t, ".");
	roll = rng_below(&c->rng, 100);
	if (roll < 4)
		put(t, "/");
	else if (roll < 6)
		put(t, "/.");
	else if (roll < 7)
		put(t, "//");
}

/* The same few paths again and again, whoever asks. */
static void put_hot(const struct ctx *c, struct text *t)
{
	struct rng r = {shared->options.seed * HOT + c->step->hot};
	struct ctx own = {.step = c->step, .task = c->task};

	own.rng = r;
	if (rng_percent(&own.rng, 30)) {
		put_name(&own, t, WANT_DIR);
		put(t, "/");
	}
	put_name(&own, t, WANT_NEW);
}

static void put_plain(struct ctx *c, struct text *t, enum want want)
{
	unsigned depth = rng_below(&c->rng, 100);

	depth = depth < 50 ? 0 : depth < 80 ? 1 : depth < 93 ? 2 : 3;
	while (depth--)
		put_way(c, t);
	put_end(c, t, want);
}

/* Of a task in names of its own, while others are at work elsewhere. */
static void put_own(struct ctx *c, struct text *t, enum want want)
{
	put_char(t, (char)('A' + (c->task + c->step->before) % TASKS));
	put_char(t, '/');
	put_plain(c, t, want);
}

static const char *fd_path(struct ctx *c, struct text *t)
{
	char link[64];
	static const char *const dirs[] = {"/proc/self/fd", "/dev/fd", "/proc/thread-self/fd"};

	snprintf(link, sizeof(link), "%s/%d", dirs[rng_below(&c->rng, 3)],
		shared->slot[c->table][rng_below(&c->rng, SLOTS)]);
	put(t, link);
	if (rng_percent(&c->rng, 30)) {
		put(t, "/");
		put_plain(c, t, WANT_ANY);
	}
	return t->s;
}

static const char *odd(struct ctx *c, struct text *t, enum want want)
{
	unsigned roll = rng_below(&c->rng, 100);

	if (roll < 15)
		return "";
	if (roll < 25)
		return (const char *)1; /* no pointer */
	if (roll < 30) {
		put_long(t, PATH_MAX);
		return t->s;
	}
	if (roll < 40) {
		while (t->len < PATH_MAX - 300)
			put(t, "./");
		put_plain(c, t, want);
		return t->s;
	}
	if (roll < 55 && want != WANT_FIFO)
		return fd_path(c, t);
	if (roll < 65) /* as many components as links may be followed, and more */
		while (t->len < 80)
			put(t, "s/");
	if (roll < 75)
		put(t, "../");
	put(t, "./");
	put_plain(c, t, want);
	return t->s;
}

const char *path_make(struct ctx *c, int which, enum want want)
{
	struct text t = {c->path[which], 0, sizeof(c->path[which])};
	bool own = shared->options.mode == MODE_PHASES && rng_percent(&c->rng, 85);

	t.s[0] = '\0';
	if (rng_percent(&c->rng, 5))
		return odd(c, &t, want);
	if (rng_percent(&c->rng, 12)) {
		put(&t, shared->top);
		put(&t, "/");
	}
	if (own)
		put_own(c, &t, want);
	else if (want != WANT_FIFO && rng_percent(&c->rng, 45))
		put_hot(c, &t);
	else
		put_plain(c, &t, want);
	return t.s;
}

const char *path_target(struct ctx *c, int which)
{
	struct text t = {c->path[which], 0, sizeof(c->path[which])};
	unsigned roll = rng_below(&c->rng, 100);

	t.s[0] = '\0';
	if (roll < 2)
		return "";
	if (roll < 3)
		return (const char *)1;
	if (roll < 5) {
		put_long(&t, PATH_MAX - (roll == 3));
		return t.s;
	}
	if (roll < 20) { /* names that are too long there are left out of a replay */
		put(&t, shared->top);
		put(&t, "/");
		put_name(c, &t, WANT_ANY);
		if (rng_percent(&c->rng, 30)) {
			put(&t, "/");
			put_name(c, &t, WANT_ANY);
		}
		return t.s;
	} else if (roll < 35) {
		put(&t, "../");
	} else if (roll < 40) {
		put_name(c, &t, WANT_DIR);
		put(&t, "/../");
	}
	put_plain(c, &t, WANT_ANY);
	return t.s;
}
