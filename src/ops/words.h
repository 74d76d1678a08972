/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IORIOT_OPS_WORDS_H
#define IORIOT_OPS_WORDS_H

#include "ops/ops.h"
#include "utils/err.h"

/* Operations by words: a name or a pattern of names ("*stat*"), a family (AIO), a class (READ). */
bool words_match(struct str pattern, const char *text);
bool words_name(struct str word, const struct op *op);

/*
 * "FS,AIO,!futex": words with commas between, "!" takes away. The last one that fits decides; a list that begins with
 * "!" begins with all. What names only calls that are never recorded may be taken away. OPTION is named in messages. 0,
 * or -EINVAL: err shows the wrong word with a caret below.
 */
int words_choose(bool wanted[OP_COUNT], const char *text, const char *option, struct err *err);

/*
 * Without these nobody knows which program, and which file, a call was of: they make, copy, pass and close
 * descriptors, change the working directory, make and end processes, or are no calls (other layers are chosen
 * elsewhere).
 */
bool words_always(enum op_id op);

/*
 * Whether the kernel need not even look at that call: it is not wanted (WANTED as captures have it, with what is always
 * needed; NULL: all are), and touches of memory maps do not need it.
 */
bool words_unseen(const bool *wanted, enum op_id op);

#endif
