/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IORIOT_UTILS_TERMINAL_H
#define IORIOT_UTILS_TERMINAL_H

#include <stdbool.h>

enum terminal_when { TERMINAL_AUTO, TERMINAL_ALWAYS, TERMINAL_NEVER };

/* With TERMINAL_AUTO: a person reads FD on a terminal with colours and wants them, https://no-color.org */
bool terminal_colour(enum terminal_when when, int fd);

#endif
