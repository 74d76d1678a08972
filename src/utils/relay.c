/* SPDX-License-Identifier: Apache-2.0 */
#include "utils/relay.h"

#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>

struct relay {
	pthread_t thread;
	_Atomic bool stop;
	sem_t empty, full; /* slots that the thread may fill, and that it has filled */
	size_t slots;
	size_t given, released; /* to and by the user */
	size_t told;		/* of those released, how many the thread knows of */
	relay_fill *fill;
	void *user;
};

static void *run(void *arg)
{
	struct relay *r = arg;
	bool more;
	size_t i = 0;

	do {
		while (sem_wait(&r->empty))
			;
		if (atomic_load(&r->stop))
			break;
		more = r->fill(r->user, i++ % r->slots);
		sem_post(&r->full);
	} while (more);
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

int relay_new(struct relay **out, size_t slots, relay_fill *fill, void *user)
{
	struct relay *r = calloc(1, sizeof(*r));
	int rc;

	*out = NULL;
	if (!r)
		return -ENOMEM;
	r->slots = slots;
	r->fill = fill;
	r->user = user;
	sem_init(&r->empty, 0, (unsigned)slots);
	sem_init(&r->full, 0, 0);
	rc = start(r);
	if (rc)
		free(r);
	else
		*out = r;
	return rc;
}

void relay_free(struct relay *r)
{
	if (!r)
		return;
	atomic_store(&r->stop, true);
	sem_post(&r->empty);
	pthread_join(r->thread, NULL);
	sem_destroy(&r->empty);
	sem_destroy(&r->full);
	free(r);
}

static void tell(struct relay *r)
{
	for (; r->told < r->released; r->told++)
		sem_post(&r->empty);
}

bool relay_next(struct relay *r, size_t *slot)
{
	if (r->given - r->released == r->slots)
		return false;
	if (sem_trywait(&r->full)) {
		tell(r);
		while (sem_wait(&r->full))
			;
	}
	*slot = r->given++ % r->slots;
	return true;
}

/* The thread is told of several at once: each time, it may have to be woken. */
void relay_release(struct relay *r)
{
	r->released++;
	if (r->released - r->told >= r->slots / 2)
		tell(r);
}
