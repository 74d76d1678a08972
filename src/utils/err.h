/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IORIOT_UTILS_ERR_H
#define IORIOT_UTILS_ERR_H

#include <stdarg.h>
#include <stddef.h>

/*
 * Errors travel upward: a function returns 0 or -errno and fills a struct err with a sentence that
 * names the file, the line and what was expected. Only the commands print it and choose the exit
 * status. A NULL struct err is allowed where a caller wants the code alone.
 */
struct err {
	int code;	 /* positive errno value, 0 = none */
	char text[1024]; /* one sentence; a newline only of err_place() */
};

/* Exit statuses of the program, documented in ioriot(1). */
enum exit_status {
	EXIT_DONE = 0,	    /* all was done */
	EXIT_FAILED = 1,    /* the step failed */
	EXIT_USAGE = 2,	    /* the command line is wrong */
	EXIT_DIVERGED = 3,  /* done, but records were lost or the replay diverged */
	EXIT_HOST_LACKS = 4 /* this host lacks something that the step needs */
};

/* err_set() writes the sentence as it is; err_sys() adds ": strerror(code)". Both return -code. */
int err_set(struct err *err, int code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
int err_sys(struct err *err, int code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/*
 * OPTION's value TEXT is wrong at its byte AT: -EINVAL, and below the sentence stands TEXT, or what of a long one is
 * near that place, with a caret below the character.
 */
int err_place(struct err *err, const char *option, const char *what, const char *text, size_t at);

/* err_prefix() puts "PREFIX: " before what stands there and returns -code again. */
int err_prefix(struct err *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
