/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IORIOT_CAPTURE_BACKEND_H
#define IORIOT_CAPTURE_BACKEND_H

#include "capture/paths.h"
#include "capture/sink.h"
#include "options.h"
#include "utils/err.h"

struct backend;
struct chosen_needs;
struct hide;

/* What the command and a backend share during one capture. */
struct capture_job {
	const struct options *options;
	const struct backend *backend;
	const char *program; /* file to execute for options->argv, looked up in PATH; NULL = none */
	struct chosen *chosen; /* what -E and -F choose */
	const bool *wanted; /* by operation; NULL = all; others are not worth making */
	const struct chosen_needs *needs; /* what of a call makes it worth a record; NULL = nothing */
	struct sink *sink;
	struct paths *paths;
	struct watch *watch;	 /* files of --file; NULL = all */
	struct control *control; /* NULL = nobody can ask */
	struct hide *hide;	 /* what names become; NULL = they are told */
	/* Writes the header, with N more pairs of the backend: once, before anything else. */
	void (*begin)(const struct capture_job *job, const struct capture_pair *more, size_t n);
	/* A line for the user, from the program WHO; not with --quiet. */
	void (*say)(const struct capture_job *job, const char *who, const char *line);
	/* results */
	bool started;	    /* what is recorded is worth keeping: the program runs or ran */
	uint64_t cpu_before; /* processor time of this process before it recorded; 0: it is not told */
	int status;	    /* the program's wait(2) status */
	uint64_t processes; /* recorded, the program's first one included */
};

/*
 * One way to record. probe() says whether this host allows it, run() records until there is nothing
 * left to record. Both return 0 or -errno with a sentence; -ENOENT, -EACCES and -ENOEXEC of run()
 * before job->started mean the program itself, -EPERM and -ENOSYS of both that this host lacks
 * something.
 */
struct backend {
	const char *name;
	bool layers;   /* can record others beside calls; else these, all of them */
	bool files;    /* can leave out all files but some */
	bool attaches; /* needs no program: records what runs already, or the whole host */
	int (*probe)(const struct options *o, struct err *err);
	int (*run)(struct capture_job *job, struct err *err);
};

extern const struct backend backend_ptrace, backend_stap, backend_bpf;

#endif
