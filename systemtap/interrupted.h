/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
#ifndef IORIOT_SYSTEMTAP_INTERRUPTED_H
#define IORIOT_SYSTEMTAP_INTERRUPTED_H

/* How far a thread's call is, and what the kernel makes of an interrupted one. Also for src/capture/bpf. */

enum thread_flag {
	CALL_ACTIVE = 1,     /* between the hooks of its entry and its exit */
	CALL_BEFORE = 2,     /* what it is about to remove or replace was told */
	CALL_CUT = 4,	     /* the file that it is about to cut was told */
	CALL_BROKEN = 8,     /* interrupted: a handler decides, or the kernel makes it again */
	CALL_SUSPENDED = 16, /* interrupted: it will be made again behind a handler */
	CALL_RETURNED = 32,  /* the handler is over */
	THREAD_ENDED = 64,   /* it made its exit call */
	CALL_CHANGED = 128   /* the file whose mode or owner it is about to change was told */
};

#define RESTART_SYS    512 /* linux/errno.h of the kernel: ERESTARTSYS ... */
#define RESTART_NOINTR 513
#define RESTART_NOHAND 514
#define RESTART_BLOCK  516

static inline bool is_restart(long long ret)
{
	return ret == -RESTART_SYS || ret == -RESTART_NOINTR || ret == -RESTART_NOHAND ||
	       ret == -RESTART_BLOCK;
}

#endif
