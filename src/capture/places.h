/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IORIOT_CAPTURE_PLACES_H
#define IORIOT_CAPTURE_PLACES_H

#include "capture/late.h"

/*
 * What each process has mapped, followed in the order of the records: which calls are about memory that shows a
 * file, and where in the file a page is that somebody touched, for backends that tell its address only. One thread.
 */
struct places;

int places_open(struct places **out, struct err *err); /* 0 or -ENOMEM */
void places_close(struct places *p);		       /* P may be NULL */

/*
 * The next record, of anything but a page. 1: it goes on; 0: it is of no interest to anybody else, a call on memory
 * that shows no file. -ENOMEM.
 */
int places_follow(struct places *p, const struct seen *seen);

/* The next record, of a page that is unplaced. 1: with its place, until the next one; 0: it shows no file. */
int places_find(struct places *p, struct seen *seen);

#endif
