/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IORIOT_CAPTURE_CONTROL_H
#define IORIOT_CAPTURE_CONTROL_H

#include <stdint.h>

#include "options.h"
#include "utils/err.h"

/*
 * A capture that can be asked while it runs: a socket in the file system that only its owner and root may use. A
 * client sends "COMMAND\n" or "COMMAND FILE\n"; the answer is "+" and lines, or "-" and a sentence, up to the end.
 * A command is carried out when all that was done before it came has been taken from the kernel.
 */
#define CONTROL_SOCKET "/run/ioriot.socket" /* where, unless --socket says it */

struct control;
struct watch;

/* -EADDRINUSE: another capture has that name; what is left of one that has ended is replaced. */
int control_open(struct control **out, const char *path, struct err *err);
void control_close(struct control *c);

/* Takes what clients have to say, carries out what came before time T, and answers. Never waits. */
void control_round(struct control *c, struct watch *w, uint64_t t);

/* ioriot --control. */
int control_command(const struct options *o);

#endif
