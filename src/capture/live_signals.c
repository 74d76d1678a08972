/* SPDX-License-Identifier: Apache-2.0 */
#include <signal.h>
#include <stdlib.h>

#include "capture/live.h"

/* A signal handler can reach nothing else. */
static volatile sig_atomic_t ints, terms;

static void on_int(int sig)
{
	(void)sig;
	ints++;
}

static void on_term(int sig)
{
	(void)sig;
	terms++;
}

static const struct {
	int sig;
	void (*handler)(int);
} taken[] = {
	{SIGINT, on_int}, {SIGHUP, on_term}, {SIGTERM, on_term},
	{SIGQUIT, on_int},  /* a core would leave the module behind */
	{SIGPIPE, SIG_IGN}, /* nobody reads our messages: the module is still taken out */
	{SIGCHLD, SIG_DFL}, /* where it was ignored, wait(2) would not give exit statuses */
};

#define TAKEN (sizeof(taken) / sizeof(*taken))

struct live_signals {
	struct sigaction old[TAKEN];
};

struct live_signals *live_signals_take(void)
{
	struct live_signals *s = calloc(1, sizeof(*s));
	size_t i;

	for (i = 0; s && i < TAKEN; i++) {
		struct sigaction sa = {.sa_handler = taken[i].handler}; /* no SA_RESTART */

		sigaction(taken[i].sig, &sa, &s->old[i]);
		if (taken[i].sig == SIGHUP && s->old[i].sa_handler == SIG_IGN)
			sigaction(SIGHUP, &s->old[i], NULL); /* nohup(1) */
	}
	ints = terms = 0;
	return s;
}

void live_signals_give_back(struct live_signals *s)
{
	size_t i;

	for (i = 0; i < TAKEN && ints + terms == 0; i++)
		sigaction(taken[i].sig, &s->old[i], NULL);
	free(s);
}

unsigned live_signals_int(void)
{
	return (unsigned)ints;
}

unsigned live_signals_term(void)
{
	return (unsigned)terms;
}
