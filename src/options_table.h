/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IORIOT_OPTIONS_TABLE_H
#define IORIOT_OPTIONS_TABLE_H

#include "options.h"

/*
 * The option table: parser, help text, man page section and completion are made from it, so that
 * they cannot disagree. An option that names a command has ALONE set: the command that it starts
 * when no other such option is there. Where several are given, the one command that all of them
 * belong to is meant (-c and -r: generate).
 */
#define FOR(command) (1u << (command))
#define FOR_CAPTURE  FOR(COMMAND_CAPTURE)
#define FOR_GENERATE FOR(COMMAND_GENERATE)
#define FOR_INIT     (FOR(COMMAND_INIT) | FOR(COMMAND_INIT_REPLAY))
#define FOR_REPLAY   (FOR(COMMAND_REPLAY) | FOR(COMMAND_INIT_REPLAY))
#define FOR_CLEANUP  (FOR(COMMAND_TRASH) | FOR(COMMAND_PURGE))
#define FOR_STEPS    (FOR_CAPTURE | FOR_GENERATE | FOR_INIT | FOR_REPLAY | FOR_CLEANUP)

struct option_row {
	char letter;	    /* 0 = long name only */
	const char *name;   /* long name */
	const char *arg;    /* what the value is called; NULL = takes none */
	const char *values; /* the words allowed, "a|b|c"; NULL = anything that set() takes */
	enum command alone; /* COMMAND_NONE for an option that only modifies a command */
	unsigned commands;  /* FOR() bits of the commands that it belongs to */
	const char *help;   /* sentences, without line breaks */
	/* VALUE is NULL for an option without one; 0 or -EINVAL with a sentence. */
	int (*set)(struct options *o, const struct option_row *row, const char *value,
		struct err *err);
};

extern const struct option_row option_rows[];
extern const unsigned option_count;

#endif
