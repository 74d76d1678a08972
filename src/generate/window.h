/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IORIOT_GENERATE_WINDOW_H
#define IORIOT_GENERATE_WINDOW_H

#include "trace/ahead.h"
#include "trace/rec.h"

/*
 * Lookahead over a capture. Records come in the order in which the capturing side saw them
 * return; of two calls that overlapped, the one seen second may have taken effect first. The window
 * keeps the next records, so that such a pair can be told by its results and put right.
 */
#define WINDOW_SIZE 256

struct window;

int window_new(struct window **out, struct ahead *ahead); /* which must outlive it */
void window_free(struct window *w);

/*
 * The next record that was not taken yet, in file order. 1, 0 at the end, -errno of the reader.
 * Lines that the reader refused are given as they come: *BAD is -EINVAL or -ENOENT then and err
 * tells of it; the record has its line and, for -ENOENT, the name of the operation as its path.
 */
int window_next(struct window *w, struct rec **rec, int *bad, struct err *err);

/* Events of other layers than calls, which are never given: how many so far. */
uint64_t window_layers(const struct window *w);

/* Share of the file that was read for the window. */
double window_progress(const struct window *w);

/*
 * Another record of the window, I = 0, 1, ... behind the current one: not taken, of another thread,
 * begun before REC returned. NULL when there are no more. window_take() marks it taken.
 */
struct rec *window_overlapping(struct window *w, const struct rec *rec, size_t *i);
/* The record I places behind the current one whether it overlaps or not; NULL: none, or taken. */
const struct rec *window_at(struct window *w, size_t i);
void window_take(struct window *w, const struct rec *rec);

#endif
