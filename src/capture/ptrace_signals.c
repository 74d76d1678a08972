/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <sys/time.h>
#include <unistd.h>

#include "capture/ptrace.h"

/* A signal handler can reach nothing else. */
static volatile sig_atomic_t term_came, tick_came;

static void on_term(int sig)
{
	(void)sig;
	term_came = 1;
}

static void on_tick(int sig)
{
	(void)sig;
	tick_came = 1;
}

static const struct {
	int sig;
	void (*handler)(int);
} taken[] = {
	{SIGTERM, on_term},
	{SIGALRM, on_tick},
	{SIGINT, SIG_IGN}, /* the terminal sends these to the program as well */
	{SIGQUIT, SIG_IGN},
	{SIGHUP, SIG_IGN},
	{SIGTSTP, SIG_IGN}, /* see signals_stop_with() */
	{SIGCHLD, SIG_DFL}, /* where it was ignored, wait(2) would not give exit statuses */
};

#define TAKEN (sizeof(taken) / sizeof(*taken))
_Static_assert(TAKEN == SIGNALS_TAKEN, "struct signals has a place for each");

void signals_hurry(bool hurry)
{
	static const struct itimerval second = {{1, 0}, {1, 0}}, tick = {{0, HOLD_TICK_US}, {0, HOLD_TICK_US}};

	setitimer(ITIMER_REAL, hurry ? &tick : &second, NULL);
}

void signals_take(struct signals *s)
{
	size_t i;

	for (i = 0; i < TAKEN; i++) {
		struct sigaction sa = {.sa_handler = taken[i].handler}; /* no SA_RESTART */

		sigaction(taken[i].sig, &sa, &s->old[i]);
	}
	signals_hurry(false);
}

void signals_give_back(struct signals *s)
{
	static const struct itimerval off;
	size_t i;

	setitimer(ITIMER_REAL, &off, NULL);
	for (i = 0; i < TAKEN; i++)
		sigaction(taken[i].sig, &s->old[i], NULL);
}

bool signals_term(void)
{
	bool came = term_came;

	term_came = 0;
	return came;
}

bool signals_tick(void)
{
	bool came = tick_came;

	tick_came = 0;
	return came;
}

static bool in_foreground(void)
{
	int tty = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
	bool yes = tty >= 0 && tcgetpgrp(tty) == getpgrp();

	if (tty >= 0)
		close(tty);
	return yes;
}

void signals_stop_with(pid_t program, int sig)
{
	if (getpgid(program) != getpgrp())
		return;
	/* SIGSTOP may be meant for the program alone, then somebody continues it alone as well */
	if (sig == SIGSTOP && !in_foreground())
		return;
	raise(SIGSTOP);
}
