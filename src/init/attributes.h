/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IORIOT_INIT_ATTRIBUTES_H
#define IORIOT_INIT_ATTRIBUTES_H

#include "init/plan.h"

/*
 * Gives FD, the file or directory of E that nobody else can reach yet, the extended attributes that
 * the plan says, an access control list according to MODE, and names of ours where its list must be longer.
 * Returns how many the file system did not take, or -errno.
 */
int attributes_set(const struct entry *e, uint32_t mode, int fd);

#endif
