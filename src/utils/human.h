/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IORIOT_UTILS_HUMAN_H
#define IORIOT_UTILS_HUMAN_H

#include <stdint.h>

/* Numbers for people. The text stands in a buffer of the caller's, which is also returned. */
#define HUMAN_LEN 24

char *human_bytes(char out[HUMAN_LEN], double bytes);  /* "512 B", "4.0 KiB", "1.5 TiB" */
char *human_count(char out[HUMAN_LEN], double count);  /* "0.5", "9999", "12.3 k", "40.0 M" */
char *human_ns(char out[HUMAN_LEN], uint64_t ns);      /* "120 ns", "3.25 us", "1.50 s" */
char *human_time(char out[HUMAN_LEN], double seconds); /* "0:07", "12:30", "3:05:00" */

#endif
