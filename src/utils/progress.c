/* SPDX-License-Identifier: Apache-2.0 */
#include "utils/progress.h"

#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "utils/clock.h"
#include "utils/human.h"

#define INTERVAL  (NS_PER_SEC / 5)
#define WIDTH_MAX 200

void progress_start(struct progress *p, const char *what, bool quiet)
{
	*p = (struct progress){.what = what, .on = !quiet && isatty(STDERR_FILENO)};
	p->start = now_ns();
	p->next = p->start + INTERVAL;
}

bool progress_due(const struct progress *p)
{
	return p->on && now_ns() >= p->next;
}

/* A line longer than the terminal would wrap, and \r would no longer come back to its start. */
static int terminal_width(void)
{
	struct winsize ws;

	if (ioctl(STDERR_FILENO, TIOCGWINSZ, &ws) < 0 || ws.ws_col == 0)
		return 79;
	return ws.ws_col > WIDTH_MAX ? WIDTH_MAX : ws.ws_col - 1;
}

static void add_left(char *line, size_t size, double share, double seconds)
{
	size_t len = strlen(line);
	char left[HUMAN_LEN];

	if (share <= 0.001 || share > 1)
		return;
	snprintf(line + len, size - len, "  %s left",
		human_time(left, seconds * (1 - share) / share));
}

static void format_line(const struct progress *p, const struct progress_state *now, double seconds,
	char *line, size_t size)
{
	char count[HUMAN_LEN], rate[HUMAN_LEN];
	size_t len;

	len = (size_t)snprintf(line, size, "ioriot: %s ", p->what);
	if (now->share >= 0)
		len += (size_t)snprintf(line + len, size - len, "%3.0f %%  ", 100 * now->share);
	len += (size_t)snprintf(line + len, size - len, "%s %s (%s/s)",
		human_count(count, (double)now->count), now->unit,
		human_count(rate, (double)now->count / seconds));
	if (now->bytes)
		snprintf(line + len, size - len, "  %s (%s/s)",
			human_bytes(count, (double)now->bytes),
			human_bytes(rate, (double)now->bytes / seconds));
	add_left(line, size, now->share, seconds);
	len = strlen(line);
	if (now->note)
		snprintf(line + len, size - len, "%s", now->note);
}

void progress_show(struct progress *p, const struct progress_state *now)
{
	char line[WIDTH_MAX + 100] = "";
	uint64_t t = now_ns();

	if (!p->on || t < p->next)
		return;
	p->next = t + INTERVAL;
	p->shown = true;
	format_line(p, now, (double)(t - p->start) / NS_PER_SEC, line, sizeof(line));
	fprintf(stderr, "\r%.*s\033[K", terminal_width(), line);
	fflush(stderr);
}

void progress_end(struct progress *p)
{
	if (p->shown)
		fputs("\r\033[K", stderr);
	p->shown = false;
}
