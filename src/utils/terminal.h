/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IORIOT_UTILS_TERMINAL_H
#define IORIOT_UTILS_TERMINAL_H

#include <stdbool.h>

/* A person reads FD on a terminal with colours and wants them: https://no-color.org */
bool terminal_colour(int fd);

#endif
