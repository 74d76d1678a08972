/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RANDPROG_CALLS_H
#define RANDPROG_CALLS_H

#include <sys/uio.h>

#include "randprog.h"

/* What the calls choose their arguments with, and the calls that calls.c does not have itself. */

#define P(pointer) ((long)(pointer))

extern char room[1 << 18]; /* to read to and to write from */

uint32_t below(struct ctx *c, uint32_t n);
bool percent(struct ctx *c, unsigned p);
const char *show(const char *path);

int any_fd(struct ctx *c);    /* mostly one that was open at some time */
bool is_no_file(int fd);      /* open, and of something else; makes a call */
int any_dirfd(struct ctx *c);
long keep(struct ctx *c, long fd, bool directory); /* in a slot, when it is one; returns FD */
long any_length(struct ctx *c);
long any_offset(struct ctx *c);
long any_mode(struct ctx *c);
long any_open_flags(struct ctx *c);
long any_at_flags(struct ctx *c, long useful);
unsigned any_vector(struct ctx *c, struct iovec *iov); /* room for 5 */
size_t vector_length(const struct iovec *iov, unsigned n);
const char *any_attribute(struct ctx *c);
long any_value(struct ctx *c, const char *name, char *to, long len); /* an access control list where it is one */
bool is_fd_path(const char *path);

/* calls_other.c */
void c_special(struct ctx *c); /* makes a descriptor that is no file; never one that waits */
void c_events(struct ctx *c);
void c_socket_name(struct ctx *c);
void c_splice(struct ctx *c);
void c_ioctl(struct ctx *c);
void c_attribute_at(struct ctx *c);
void c_handle(struct ctx *c);
void c_exec_nothing(struct ctx *c);
void c_rare(struct ctx *c);

/* calls_pass.c */
void c_send(struct ctx *c);
void c_receive(struct ctx *c);
void c_getfd(struct ctx *c);

/* calls_memory.c */
void c_map(struct ctx *c);
void c_map_use(struct ctx *c);
void c_map_change(struct ctx *c);

/* calls_aio.c */
void c_aio_setup(struct ctx *c);
void c_aio_submit(struct ctx *c);
void c_aio_reap(struct ctx *c);

/* calls_uring.c */
void c_uring_setup(struct ctx *c);
void c_uring_register(struct ctx *c);
void c_uring_submit(struct ctx *c);

#endif
