/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IORIOT_REPORT_LAYER_LINES_H
#define IORIOT_REPORT_LAYER_LINES_H

#include "datas/buf.h"
#include "events/events.h"

/* The lines of view_layers.c about sockets, processes and io_uring, without their end. */

void layer_put_net(struct buf *out, const struct event *ev);
void layer_put_conn(struct buf *out, const struct event *ev);
void layer_put_poll(struct buf *out, const struct event *ev);
void layer_put_sockopt(struct buf *out, const struct event *ev);
void layer_put_retrans(struct buf *out, const struct event *ev);
void layer_put_proc(struct buf *out, const struct event *ev);
void layer_put_uring(struct buf *out, const struct event *ev);

#endif
