/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IORIOT_REPORT_HTML_ASSETS_H
#define IORIOT_REPORT_HTML_ASSETS_H

#include "utils/str.h"

/*
 * The files of this directory, as they are in the program. "make" puts uPlot, its licence and report.js into
 * one script, and says by their SHA-256 (in base64) what a browser may run.
 */
struct str assets_style(void);
struct str assets_script(void);
struct str assets_flame_script(void);
struct str assets_body(void);

/* For script-src: "'sha256-...' 'sha256-...'" */
const char *assets_allowed(void);

#endif
