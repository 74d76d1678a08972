/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IORIOT_OPTIONS_H
#define IORIOT_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "datas/buf.h"
#include "ops/layer_list.h"
#include "snapshot/snapshot.h"
#include "utils/err.h"
#include "utils/terminal.h"

#define IORIOT_VERSION "1.0.0"

enum command {
	COMMAND_NONE,
	COMMAND_CAPTURE,     /* -c FILE [-- CMD] */
	COMMAND_GENERATE,    /* -c FILE -r FILE */
	COMMAND_INIT,	     /* -i FILE */
	COMMAND_REPLAY,	     /* -r FILE */
	COMMAND_INIT_REPLAY, /* -R FILE */
	COMMAND_TRASH,	     /* -T */
	COMMAND_PURGE,	     /* -P */
	COMMAND_DROP_CACHES, /* -d */
	COMMAND_CHECK,	     /* --check */
	COMMAND_COMPARE,     /* --compare FILE FILE ... */
	COMMAND_ANALYSE,     /* -a FILE */
	COMMAND_IMPORT,	     /* --import FORMAT:FILE -c FILE */
	COMMAND_SNAPSHOT,    /* --snapshot LIST --output DIR */
	COMMAND_CONTROL,     /* --control COMMAND [FILE] */
	COMMAND_VERSION,     /* -V */
	COMMAND_HELP	     /* -h */
};

enum order { ORDER_RESOURCE, ORDER_STRICT, ORDER_THREAD };
enum pace_word { PACE_WORD_TIMES, PACE_WORD_THINK };
enum data_fill { DATA_RANDOM, DATA_ZERO, DATA_TEXT };

#define OPTIONS_FILES 64 /* of --file */

/* How much of a run: a time, a number of operations, or a number of runs; the others are 0. */
struct amount {
	uint64_t ns, ops;
	unsigned runs;
};

enum sort_word { SORT_TIME, SORT_COUNT, SORT_BYTES, SORT_P99, SORT_ERRORS };
enum hist_word { HIST_WORD_LATENCY, HIST_WORD_GAP, HIST_WORD_SIZE };

#define TOP_DEFAULT 20 /* rows of a table */

/* The command line, taken apart. Strings point into argv. */
struct options {
	enum command command;
	const char *capture; /* -c */
	const char *replay;  /* -r, -i, -R */
	const char *backend; /* --backend; NULL = the best that this host allows */
	const char *module;  /* -m */
	pid_t pid;	     /* -x; 0 = none */
	const char *comm;    /* --comm, at most COMM_MAX bytes; NULL = any */
	uid_t uid;	     /* --uid, when by_uid is set */
	bool by_uid;
	struct snapshot_list snapshot; /* --snapshot; nothing in it: not given */
	const char *output;  /* --output */
	uint64_t snapshot_files; /* --snapshot-files */
	uint64_t snapshot_every; /* --snapshot-every, ns; 0 = not given */
	struct layer_list layers; /* -L; without it the calls */
	bool layers_given;
	char *file[OPTIONS_FILES]; /* --file: FILE[,MAX] */
	size_t files;
	const char *control; /* --control, its command */
	const char *socket;  /* --socket; NULL = CONTROL_SOCKET */
	bool no_hold;	     /* --no-hold: calls that overlap are not put in order */
	unsigned buffer;     /* --buffer, MiB for each processor; 0 = not given */
	uint64_t duration;   /* --duration, ns; 0 = no end */
	uint64_t max_events; /* --max-events; 0 = no end */
	uint64_t max_size;   /* --max-size, bytes; 0 = one file */
	uint64_t max_files;  /* --max-files; 0 = all are kept */
	char **argv;	     /* behind "--", NULL-terminated; NULL = none */
	const char *compare; /* --compare, the first file */
	char **operands;     /* the others */
	size_t operands_count;
	const char *name;    /* -n; NULL = not given (default "test0") */
	const char *user;    /* -u; NULL = not given */
	const char *root;    /* --root; NULL = not given */
	const char *wd_base; /* -w */
	unsigned processes;  /* -p, default 4 */
	unsigned threads;    /* -t, default 128 */
	double speed;	     /* -s, default 0 = as fast as the order allows */
	bool speed_given;
	enum pace_word pace; /* --pace */
	const char *stats;   /* -S */
	const char *json;    /* --json */
	bool keep_caches;    /* -D */
	enum order order;    /* --order */
	enum data_fill data; /* --data */
	struct amount limit;  /* --limit; no runs */
	struct amount warmup; /* --warmup */
	const char *only, *skip; /* --only, --skip; NULL = all, nothing */
	unsigned repeat;      /* --repeat; 0 = not given */
	const char *import;  /* --import FORMAT:FILE */
	unsigned scale;	      /* --scale; 0 = not given */
	const char *analyse; /* -a */
	const char *filter;  /* -F; NULL = all calls */
	const char *only_ops; /* -E; NULL = all operations */
	const char *by;	     /* --by; NULL = not given */
	enum sort_word sort; /* --sort */
	unsigned top;	     /* --top, default 20; 0 = all */
	bool top_given;
	enum terminal_when colour, escape; /* --color, --escape */
	enum hist_word hist; /* --hist, when hist_given is set */
	bool hist_given;
	bool sequence;	     /* --seq */
	uint64_t timeline;   /* --timeline, ns; 0 = not given */
	const char *anonymize; /* --anonymize KEYFILE */
	const char *export;  /* --export FORMAT:FILE */
	const char *flame;   /* --flame */
	const char *html;    /* --html */
	const char *fields;  /* --fields; NULL = not given */
	const char *names;   /* --names; NULL = not given */
	const char *weight;  /* --count; NULL = not given */
	bool quiet;	     /* --quiet: no progress, no summary */
};

/* 0, or -EINVAL with a sentence that names the option. */
int options_parse(struct options *o, int argc, char **argv, struct err *err);

/* The texts that come from the option table. */
void options_help(struct buf *out);
void options_man(struct buf *out);	  /* the OPTIONS section of ioriot(1), mdoc or man */
void options_completion(struct buf *out); /* bash completion */

#endif
