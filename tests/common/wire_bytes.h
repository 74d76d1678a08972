/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IORIOT_TESTS_WIRE_BYTES_H
#define IORIOT_TESTS_WIRE_BYTES_H

#include "capture/wire.h"
#include "datas/buf.h"
#include "trace/rec.h"

/* Records as the code in the kernel makes them, capture/wire.h. */

/* Begins a record; the head's size is set by wire_end(). Only one at a time in a buffer. */
void wire_begin(struct buf *b, const struct wire_rec *head);
void wire_value(struct buf *b, uint64_t value);
void wire_item(struct buf *b, unsigned type, const void *p, size_t len);
void wire_str(struct buf *b, unsigned type, struct str text);
void wire_dir(struct buf *b, unsigned type, uint64_t id, struct str name);
void wire_facts(struct buf *b, unsigned type, const struct facts *facts);
/* The record that began at byte START of the buffer. */
void wire_end(struct buf *b, size_t start);

/* The head of a call's record, its values, and the items that it needs. Values are not narrowed. */
struct wire_rec wire_head(const struct rec *rec);
void wire_values(struct buf *b, const struct rec *rec);
void wire_items(struct buf *b, const struct rec *rec);

/* All of it: a call, state_task, state_fd or task_end. */
void wire_put(struct buf *b, const struct rec *rec);

#endif
