/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IORIOT_CHECK_CHECK_H
#define IORIOT_CHECK_CHECK_H

#include <sys/utsname.h>

#include "check/report.h"
#include "options.h"
#include "utils/err.h"

/* Shared by the files of this room, each of which looks at one part. */
struct check {
	const struct options *options;
	const char *root; /* stands before /proc, /sys, /boot, /lib: "" but in tests */
	struct utsname uts;
	uint64_t caps;	  /* effective capabilities, one bit each */
	bool own_user_ns; /* where they are worth nothing for the host itself */
	struct report report;
};

void check_host(struct check *c); /* also fills caps and own_user_ns */
void check_stap(struct check *c);
void check_bpf(struct check *c);
void check_ptrace(struct check *c);
void check_replay(struct check *c);

/* May this process do on the host what CAPABILITY allows? */
static inline bool check_capable(const struct check *c, unsigned capability)
{
	return !c->own_user_ns && (c->caps >> capability & 1);
}

/* --- files.c --- */

/* The first line of a file below the root, without blanks at its end. 0 or -errno. */
int check_line(const struct check *c, const char *path, char *line, size_t size);

/* A line "KEY VALUE" of a file: VALUE without blanks around it. 0, -ENOENT, -errno. */
int check_value(const struct check *c, const char *path, const char *key, char *value, size_t size);

bool check_exists(const struct check *c, const char *path);

/* The file NAME that a shell would run, for root's and other users' PATH alike. 0 or -ENOENT. */
int check_program(const struct check *c, const char *name, char *path, size_t size);

/* --- kernel_config.c --- */

/* The configuration of the running kernel, and the file it is from. -ENOENT: it is nowhere. */
int kernel_config(const struct check *c, struct buf *text, char *from, size_t size);
bool kernel_config_has(struct str config, const char *option); /* =y or =m */

/* --- check_module.c --- */

struct stap_module;

/* The module that a capture of the whole host would load. False: there is none. */
bool check_module(struct check *c, struct stap_module *module);

/* Loads it, asks what it found in this kernel, and takes it out again. */
void try_module(struct check *c, const struct stap_module *module);

/* --- child.c --- */

/*
 * Calls TRY in a child process, for what cannot be undone or may be deadly. What it returns (0 or
 * -errno) and the sentence come back; -EPERM when a signal ended it (a seccomp filter does so).
 */
int try_in_child(int (*try)(void *arg, struct err *err), void *arg, struct err *err);

/* Runs a program; what it prints, errors included, is added to OUT. Exit status, or -errno. */
int run_program(const char *const *argv, struct buf *out);

#endif
