/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IORIOT_CAPTURE_RIGHTS_H
#define IORIOT_CAPTURE_RIGHTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Descriptors in control messages (SCM_RIGHTS of unix(7)): the bytes, for whoever has read them from
 * the program.
 */

/* As the program has it in its memory: two pointers of 64 or 32 bits. */
enum rights_abi { RIGHTS_64, RIGHTS_32 };

#define RIGHTS_MSG_MAX 56 /* bytes of a struct msghdr, at most */
size_t rights_msg_size(enum rights_abi abi);
size_t rights_mmsg_size(enum rights_abi abi); /* struct mmsghdr */

/* Where the control messages are, and how long they may be. */
void rights_control(enum rights_abi abi, const void *msg, uint64_t *at, uint64_t *len);

/* No descriptor fits into less. */
size_t rights_least(enum rights_abi abi);

/*
 * The next descriptors in LEN bytes of control messages, from *AT on, which is 0 at first. Their number,
 * and *FDS points to them (not aligned); 0 when there are none any more.
 */
size_t rights_next(enum rights_abi abi, const void *control, size_t len, size_t *at, const void **fds);

#endif
