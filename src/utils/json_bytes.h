/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IORIOT_UTILS_JSON_BYTES_H
#define IORIOT_UTILS_JSON_BYTES_H

#include <jansson.h>

#include "utils/str.h"

/*
 * File names and host names may be any bytes; JSON takes UTF-8 only. What is none has \xHH in the place
 * of every byte above 0x7f. NULL when memory is out.
 */
json_t *json_bytes(struct str s);

#endif
