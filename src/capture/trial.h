/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IORIOT_CAPTURE_TRIAL_H
#define IORIOT_CAPTURE_TRIAL_H

/*
 * The self-test of hooks: a hook may be attached and never be called (its function was inlined, or is another one by
 * now). Before a capture begins, one of each thing that hooks tell is done; who counts their calls meanwhile knows.
 */

/* What was not called though it should have been is tried once more: a host that is busy may have been in the way. */
#define TRIALS 2

/* Things that are done. */
enum trial {
	TRIAL_CALL = 1,
	TRIAL_SIGNAL = 2, /* one with a handler */
	TRIAL_TASK = 4,	  /* a process begins, executes a program, ends */
	TRIAL_DISK = 8,	  /* a file is written, synced, dropped from the cache, read, read ahead, mapped and changed */
	TRIAL_FAULT = 16, /* anonymous pages are touched, by the program and by the kernel, and shared ones */
	TRIAL_TCP = 32,	  /* a segment is lost and sent again, on the loopback interface: takes 0.2 s */
	TRIAL_RING = 64,  /* requests of io_uring: one by a worker, one that is refused */
	TRIAL_NAMES = 128, /* a directory and a file are made, changed, renamed and removed */
	TRIAL_SOCKET = 256 /* a request of io_uring sends a byte, another one receives it */
};

/* What calls the hook of EVENT (hooks.def, or a hook of calls); 0: nothing that could be done for it on any host. */
unsigned trial_of(const char *event);

/*
 * Does what is WANTED in a process of its own, on files without a name beside CAPTURE, since that is a file system in
 * use; else where there is likely to be a disk. Returns what was done; what this host does not have or allow is
 * not. Some 10 s at most.
 */
unsigned trial_beside(unsigned wanted, const char *capture);

#endif
