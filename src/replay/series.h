/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IORIOT_REPLAY_SERIES_H
#define IORIOT_REPLAY_SERIES_H

#include "replay/stats.h"

/* The runs of --repeat, or the only one, as text and as JSON: docs/statistics.md. */
struct series {
	const struct options *options;
	const struct program *program;
	struct stats *v;
	size_t n, cap;
	size_t done; /* runs that were begun, those of the warm-up too */
	struct stats warmup; /* of its last run; nobody is told */
};

/* Room for the next run, zeroed; or NULL. */
struct stats *series_room(struct series *s, bool warmup);
void series_drop(struct series *s, bool warmup); /* takes it back: nothing came of the run */
void series_free(struct series *s);

void series_text(const struct series *s, struct buf *out);     /* the file of -S */
void series_overview(const struct series *s, struct buf *out); /* medians and spread */
int series_json(const struct series *s, struct buf *out);      /* 0 or -ENOMEM */

#endif
