/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IORIOT_REPORT_HTML_H
#define IORIOT_REPORT_HTML_H

#include <jansson.h>

#include "report/view.h"

/*
 * A report as one HTML file that needs nothing else. Its size is bounded for a capture of any length: the time
 * line has 480 pieces at most, tables have HTML_ROWS rows, the flame graph has HTML_FRAMES frames.
 */
#define HTML_ROWS   100
#define HTML_FRAMES 4000

/* A view that takes in what the report shows of one capture; FIELDS and WEIGHT are of the flame graph. */
int view_html(struct view **out, const char *fields, const char *weight, struct err *err);

/* One side, or two that are compared. REPLAY (contrast_replay(); may be NULL) is taken over. */
int html_write(const char *file, struct view *const sides[], const struct ending endings[], unsigned n,
	json_t *replay, struct err *err);

#endif
