/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IORIOT_DATAS_JSON_PARTS_H
#define IORIOT_DATAS_JSON_PARTS_H

#include <jansson.h>

#include "datas/buf.h"

/*
 * Parts of JSON. What could not be made is NULL, and so is all that it would be in: json_put() and
 * json_append() see to that, so that one look at the end is enough. jansson's functions take NULL.
 */
#define STATS_SCHEMA 1

void json_put(json_t **object, const char *key, json_t *value);
void json_append(json_t **array, json_t *value);
json_t *json_number(uint64_t v);
json_t *json_seconds(uint64_t ns);
json_t *json_text(const char *s); /* any bytes: those that are not UTF-8 as \xHH */

/* Writes J, which it takes over, and LF. 0 or -ENOMEM. */
int json_write(json_t *j, struct buf *out);

#endif
