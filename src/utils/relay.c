/* SPDX-License-Identifier: Apache-2.0 */
#include "utils/relay.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>

enum slot { SLOT_TAKEN, SLOT_MAKING, SLOT_FILLED };

struct relay {
	struct relay_work work;
	pthread_t thread;
	pthread_mutex_t lock; /* of all below */
	pthread_cond_t more;  /* to the thread: there is something to do */
	pthread_cond_t some;  /* to the user: something was done */
	bool stop;
	bool idle, waiting;	/* the thread, and the user */
	bool taking, doing;	/* one of the two is at it */
	bool over;		/* the last slot was taken */
	size_t taken, making;	/* slots so far; those behind MAKING are not begun */
	size_t given, released; /* to and by the user */
	size_t posted, done;
	enum slot slot[];
};

static bool can_take(const struct relay *r)
{
	return !r->over && !r->taking && r->taken - r->released < r->work.slots;
}

static void take(struct relay *r)
{
	size_t slot = r->taken % r->work.slots;
	bool more;

	r->taking = true;
	pthread_mutex_unlock(&r->lock);
	more = r->work.take(r->work.user, slot);
	pthread_mutex_lock(&r->lock);
	r->taking = false;
	r->over = !more;
	r->slot[slot] = r->work.make ? SLOT_TAKEN : SLOT_FILLED;
	r->taken++;
}

static bool can_make(const struct relay *r)
{
	return r->work.make && r->making < r->taken;
}

static void make(struct relay *r)
{
	size_t slot = r->making++ % r->work.slots;

	r->slot[slot] = SLOT_MAKING;
	pthread_mutex_unlock(&r->lock);
	r->work.make(r->work.user, slot);
	pthread_mutex_lock(&r->lock);
	r->slot[slot] = SLOT_FILLED;
}

static bool can_do(const struct relay *r)
{
	return !r->doing && r->done < r->posted;
}

static void do_one(struct relay *r)
{
	r->doing = true;
	pthread_mutex_unlock(&r->lock);
	r->work.done(r->work.user);
	pthread_mutex_lock(&r->lock);
	r->doing = false;
	r->done++;
}

/* What the user waits for first. False: there is nothing that nobody is at. */
static bool do_something(struct relay *r)
{
	bool ahead = r->taken - r->given >= r->work.slots / 2;

	if (can_make(r))
		make(r);
	else if (ahead && can_do(r))
		do_one(r);
	else if (can_take(r))
		take(r);
	else if (can_do(r))
		do_one(r);
	else
		return false;
	return true;
}

static void wake(bool *asleep, pthread_cond_t *cond)
{
	if (*asleep)
		pthread_cond_signal(cond);
	*asleep = false;
}

static void *run(void *arg)
{
	struct relay *r = arg;

	pthread_mutex_lock(&r->lock);
	while (!r->stop) {
		if (do_something(r)) {
			wake(&r->waiting, &r->some);
			continue;
		}
		r->idle = true;
		pthread_cond_wait(&r->more, &r->lock);
	}
	pthread_mutex_unlock(&r->lock);
	return NULL;
}

/* Signals are for the thread that prints. */
static int start(struct relay *r)
{
	sigset_t all, old;
	int rc;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	rc = pthread_create(&r->thread, NULL, run, r);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return -rc;
}

static void release(struct relay *r)
{
	pthread_cond_destroy(&r->more);
	pthread_cond_destroy(&r->some);
	pthread_mutex_destroy(&r->lock);
	free(r);
}

int relay_new(struct relay **out, const struct relay_work *work)
{
	struct relay *r = calloc(1, sizeof(*r) + work->slots * sizeof(*r->slot));
	int rc;

	*out = NULL;
	if (!r)
		return -ENOMEM;
	r->work = *work;
	pthread_mutex_init(&r->lock, NULL);
	pthread_cond_init(&r->more, NULL);
	pthread_cond_init(&r->some, NULL);
	rc = start(r);
	if (rc)
		release(r);
	else
		*out = r;
	return rc;
}

void relay_free(struct relay *r)
{
	if (!r)
		return;
	pthread_mutex_lock(&r->lock);
	r->stop = true;
	pthread_cond_signal(&r->more);
	pthread_mutex_unlock(&r->lock);
	pthread_join(r->thread, NULL);
	release(r);
}

/* The thread is told of several at once: each time, it has to be woken. */
static void tell(struct relay *r)
{
	bool much = r->taken - r->released <= r->work.slots / 2 || r->posted - r->done > 1;

	if (much)
		wake(&r->idle, &r->more);
}

/* Something is awaited that the thread is at, or that it is to be told of first. */
static void await(struct relay *r)
{
	wake(&r->idle, &r->more);
	r->waiting = true;
	pthread_cond_wait(&r->some, &r->lock);
}

bool relay_next(struct relay *r, size_t *slot)
{
	bool any;

	pthread_mutex_lock(&r->lock);
	any = r->given - r->released < r->work.slots;
	*slot = r->given % r->work.slots;
	while (any && !(r->given < r->taken && r->slot[*slot] == SLOT_FILLED))
		if (!do_something(r))
			await(r);
	r->given += any;
	pthread_mutex_unlock(&r->lock);
	return any;
}

void relay_release(struct relay *r)
{
	pthread_mutex_lock(&r->lock);
	r->released++;
	tell(r);
	pthread_mutex_unlock(&r->lock);
}

static void settle(struct relay *r, size_t most)
{
	while (r->posted - r->done > most) {
		if (can_do(r))
			do_one(r);
		else
			await(r);
	}
}

void relay_post(struct relay *r, size_t most)
{
	pthread_mutex_lock(&r->lock);
	r->posted++;
	tell(r);
	settle(r, most);
	pthread_mutex_unlock(&r->lock);
}

void relay_settle(struct relay *r)
{
	pthread_mutex_lock(&r->lock);
	settle(r, 0);
	pthread_mutex_unlock(&r->lock);
}
