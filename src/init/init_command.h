/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IORIOT_INIT_INIT_COMMAND_H
#define IORIOT_INIT_INIT_COMMAND_H

#include "options.h"

/* -i FILE: builds the trees that a replay needs. Exit status. */
int init_command(const struct options *o);

/*
 * The same, but what was planned and built is kept, to make the trees once more what they are now: with
 * init_again(), as often as wanted, which builds only what was changed since. Exit statuses.
 * init_forget() in any case.
 */
struct init_run;
int init_keep(const struct options *o, struct init_run **kept);
int init_again(struct init_run *run, const struct options *o);
void init_forget(struct init_run *run);

#endif
