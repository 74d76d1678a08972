/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IORIOT_REPORT_TIMEBINS_H
#define IORIOT_REPORT_TIMEBINS_H

#include "datas/hist.h"
#include "events/events.h"

/*
 * What happened when, in few pieces for a recording of any length: they become twice as long when it goes on
 * beyond them. By when calls began.
 */
#define TIMEBINS 480

struct timebin {
	uint64_t calls, errors, read, written;
	struct hist latency;
};

struct timebins {
	uint64_t width; /* ns */
	unsigned n;	/* in use */
	struct timebin *v;
};

int timebins_init(struct timebins *t); /* 0 or -ENOMEM */
void timebins_add(struct timebins *t, const struct event *ev);
void timebins_free(struct timebins *t);

#endif
