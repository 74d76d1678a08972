/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
#ifndef IORIOT_SYSTEMTAP_IORIOT_H
#define IORIOT_SYSTEMTAP_IORIOT_H

#include "control.h"

/*
 * SystemTap begins and ends a session by calls of systemtap_module_init() and
 * systemtap_module_exit(), which it generates behind this text. Only there may a module sleep, as
 * it must to find hooks and to wait until none of them runs any more; so calls of these two come to
 * us, and we make them.
 *
 * Why no "probe" statements: for each of them SystemTap counts up and down in memory that all
 * processors share, four times; that was half of what a recorded call cost, and every call of all
 * other processes pays it, too. Nor does it run probes on processors that came after the module.
 */
static int systemtap_module_init(void);
static void systemtap_module_exit(void);

static void ioriot_end(void)
{
	control_off();
	layers_off();
	hooks_off();
	layers_free();
	threads_free();
	maps_free();
	blocks_free();
}

static int ioriot_begin(void)
{
	int rc;

	calls_init();
	rc = blocks_init();
	if (!rc)
		rc = maps_init();
	if (!rc)
		rc = sums_init();
	if (!rc)
		rc = control_on();
	if (!rc)
		rc = hooks_on();
	if (rc)
		ioriot_end();
	return rc;
}

static int session_begin(void)
{
	int rc = systemtap_module_init();

	if (rc)
		return rc;
	rc = ioriot_begin();
	if (rc)
		systemtap_module_exit();
	return rc;
}

static void session_end(void)
{
	ioriot_end();
	systemtap_module_exit();
}

/* Declarations and definitions have "void" between their parentheses, calls have nothing. */
#define STAP_INIT_		       session_begin()
#define STAP_INIT_void		       systemtap_module_init(void)
#define STAP_EXIT_		       session_end()
#define STAP_EXIT_void		       systemtap_module_exit(void)
#define systemtap_module_init(nothing) STAP_INIT_##nothing
#define systemtap_module_exit(nothing) STAP_EXIT_##nothing

#endif
