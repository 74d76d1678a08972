/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IORIOT_CAPTURE_PROGRAM_H
#define IORIOT_CAPTURE_PROGRAM_H

#include <limits.h>

#include "utils/err.h"

/*
 * The file that a shell would execute for NAME, looked up in PATH unless it has a '/'. OUT has
 * PATH_MAX bytes. -ENOENT: there is none; -EACCES: it is there but cannot be executed.
 */
int program_find(const char *name, char *out, struct err *err);

#endif
