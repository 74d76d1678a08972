/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IORIOT_TRACE_HIDE_H
#define IORIOT_TRACE_HIDE_H

#include "datas/arena.h"
#include "datas/buf.h"
#include "trace/capture.h"
#include "trace/rec.h"
#include "utils/err.h"

/*
 * Records without names (--anonymize): each component of a path, name of an attribute, word of a command
 * and address becomes the same word wherever it comes, made with a key (HMAC-SHA-256, RFC 2104); sizes, times
 * and numbers stay. What stays of names, since it says nothing of anybody and decides what a path means:
 * ".", "..", the kernel's own words in /proc, /dev and for what is no file, namespaces of attributes,
 * protocols, ports, and addresses of nothing (0.0.0.0).
 */
struct hide;

#define HIDE_KEY_LEAST 16 /* bytes */
#define HIDE_KEY_MOST  4096

/* The key is the content of a file. -EINVAL: it is too short or too long; -errno. */
int hide_open(struct hide **out, const char *path, struct err *err);
void hide_close(struct hide *h); /* NULL is allowed */

/* Appended to OUT: a path, component by component; words with blanks between, each a path; all of it as one word. */
void hide_path(struct hide *h, struct buf *out, struct str path);
void hide_words(struct hide *h, struct buf *out, struct str words);
void hide_text(struct hide *h, struct buf *out, struct str text);

/* capture_print(), and without a name where H is not NULL. */
void hide_print(struct hide *h, struct buf *out, const struct rec *rec);

/* A pair of the header; its value is in the arena then. False: memory is out. */
bool hide_pair(struct hide *h, struct arena *a, struct capture_pair *pair);

/* What a header says of such a capture. */
#define HIDE_PAIR ((struct capture_pair){"names", STR("hidden")})

#endif
