/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IORIOT_CAPTURE_BACKEND_H
#define IORIOT_CAPTURE_BACKEND_H

#include "capture/paths.h"
#include "capture/sink.h"
#include "options.h"
#include "utils/err.h"

/* What the command and a backend share during one capture. */
struct capture_job {
	const struct options *options;
	const char *program; /* file to execute for options->argv, looked up in PATH */
	struct sink *sink;
	struct paths *paths;
	/* results */
	bool started;	    /* the program runs or ran: what is recorded is worth keeping */
	int status;	    /* the program's wait(2) status */
	uint64_t processes; /* recorded, the program's first one included */
};

/*
 * One way to record. probe() says whether this host allows it, run() records until there is nothing
 * left to record. Both return 0 or -errno with a sentence; -ENOENT, -EACCES and -ENOEXEC of run()
 * before job->started mean the program itself, -EPERM and -ENOSYS that this host lacks something.
 */
struct backend {
	const char *name;
	int (*probe)(struct err *err);
	int (*run)(struct capture_job *job, struct err *err);
};

extern const struct backend backend_ptrace;

#endif
