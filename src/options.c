/* SPDX-License-Identifier: Apache-2.0 */
#include "options.h"

#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ops/words.h"
#include "options_table.h"
#include "replay/select.h"
#include "trace/rec.h"
#include "tree/tree.h"
#include "utils/clock.h"
#include "utils/str.h"
#include "utils/user.h"

#define PROCESSES_MAX 4096
#define THREADS_MAX   65536
#define RUNS_MAX      10000
#define BUFFER_MAX    4095	      /* MiB; staprun takes no more */
#define SIZE_MIN      (64u << 10)     /* bytes of one file of a rotation */
#define DURATION_MAX  (3650u * 86400) /* seconds; 64 bits hold them in ns */

/* "-p" or "--json", for messages. */
static const char *row_spelling(const struct option_row *row, char buf[static 32])
{
	if (row->letter)
		snprintf(buf, 32, "-%c", row->letter);
	else
		snprintf(buf, 32, "--%s", row->name);
	return buf;
}

static int bad_value(
	const struct option_row *row, const char *value, const char *wanted, struct err *err)
{
	char name[32];

	return err_set(
		err, EINVAL, "%s needs %s, not \"%s\"", row_spelling(row, name), wanted, value);
}

/* "-c -r x" is a forgotten name more often than a file called "-r". "-" is standard input. */
static int set_string(const char **to, const struct option_row *row, const char *value,
	const char *wanted, struct err *err)
{
	if (value[0] == '\0' || (value[0] == '-' && value[1] != '\0'))
		return bad_value(row, value, wanted, err);
	*to = value;
	return 0;
}

#define FILE_WANTED "a file name (one that starts with '-' is written ./-NAME)"

#define SETTER(name)                                                                               \
	static int name(struct options *o, const struct option_row *row, const char *value,        \
		struct err *err)

SETTER(set_capture)
{
	return set_string(&o->capture, row, value, FILE_WANTED, err);
}

SETTER(set_replay)
{
	return set_string(&o->replay, row, value, FILE_WANTED, err);
}

SETTER(set_stats)
{
	return set_string(&o->stats, row, value, FILE_WANTED, err);
}

SETTER(set_compare)
{
	return set_string(&o->compare, row, value, FILE_WANTED, err);
}

static int set_list(const char **to, const struct option_row *row, const char *value, struct err *err)
{
	int ret = set_string(to, row, value, "what it is about, such as READ,openat or path=/srv/*", err);

	if (ret == 0 && selection_check(value, err))
		ret = err_prefix(err, "--%s", row->name);
	return ret;
}

SETTER(set_only)
{
	return set_list(&o->only, row, value, err);
}

SETTER(set_skip)
{
	return set_list(&o->skip, row, value, err);
}

SETTER(set_json)
{
	return set_string(&o->json, row, value, FILE_WANTED, err);
}

SETTER(set_module)
{
	return set_string(&o->module, row, value, FILE_WANTED, err);
}

SETTER(set_user)
{
	return set_string(&o->user, row, value, "a user's name or number", err);
}

SETTER(set_wd_base)
{
	return set_string(&o->wd_base, row, value, "a directory", err);
}

SETTER(set_root)
{
	return set_string(&o->root, row, value, "a directory", err);
}

SETTER(set_name)
{
	if (!tree_name_valid(str_of(value)))
		return bad_value(row, value,
			"1 to 64 letters, digits, '.', '_' or '-' that do not start with '.'", err);
	o->name = value;
	return 0;
}

static int set_number(unsigned *to, const struct option_row *row, const char *value, uint64_t max,
	struct err *err)
{
	char wanted[64];
	uint64_t n;

	if (str_u64(str_of(value), &n) || n < 1 || n > max) {
		snprintf(
			wanted, sizeof(wanted), "a number from 1 to %llu", (unsigned long long)max);
		return bad_value(row, value, wanted, err);
	}
	*to = (unsigned)n;
	return 0;
}

SETTER(set_pid)
{
	unsigned pid;
	int ret = set_number(&pid, row, value, INT_MAX, err);

	if (ret == 0)
		o->pid = (pid_t)pid;
	return ret;
}

struct unit {
	char letter;
	uint64_t factor;
};

/* "4096" or "4M": digits and one letter of UNITS. 0 or -EINVAL; too much for 64 bits: -ERANGE. */
static int parse_amount(const char *value, const struct unit *units, size_t n, uint64_t *out)
{
	struct str digits = str_of(value);
	uint64_t factor = 1;
	size_t i;
	int ret;

	for (i = 0; i < n && digits.len; i++)
		if (digits.s[digits.len - 1] == units[i].letter) {
			factor = units[i].factor;
			digits.len--;
			break;
		}
	ret = str_u64(digits, out);
	if (ret)
		return ret;
	return __builtin_mul_overflow(*out, factor, out) ? -ERANGE : 0;
}

#define AMOUNT(value, units, out) parse_amount(value, units, sizeof(units) / sizeof(*(units)), out)

/* ns of "90s", "10m", "2h"; a bare number is seconds if BARE. */
static bool parse_time(const char *value, bool bare, uint64_t *ns)
{
	static const struct unit units[] = {{'s', 1}, {'m', 60}, {'h', 3600}};
	uint64_t seconds;

	if (!bare && !strpbrk(value, "smh"))
		return false;
	if (AMOUNT(value, units, &seconds) || !seconds || seconds > DURATION_MAX)
		return false;
	*ns = seconds * NS_PER_SEC;
	return true;
}

/* "5000ops", "20kops", "3Mops" */
static bool parse_ops(const char *value, uint64_t *out)
{
	static const struct unit units[] = {{'k', 1000}, {'M', 1000000}};
	char number[32];
	size_t len = strlen(value);

	if (len < 4 || len - 3 >= sizeof(number) || strcmp(value + len - 3, "ops") != 0)
		return false;
	memcpy(number, value, len - 3);
	number[len - 3] = '\0';
	return AMOUNT(number, units, out) == 0 && *out;
}

SETTER(set_duration)
{
	if (!parse_time(value, true, &o->duration))
		return bad_value(
			row, value, "a time such as 90s, 10m or 2h, at most ten years", err);
	return 0;
}

SETTER(set_repeat)
{
	return set_number(&o->repeat, row, value, RUNS_MAX, err);
}

SETTER(set_scale)
{
	return set_number(&o->scale, row, value, COPIES_MAX, err);
}

SETTER(set_limit)
{
	if (!parse_time(value, false, &o->limit.ns) && !parse_ops(value, &o->limit.ops))
		return bad_value(row, value, "a time such as 90s or 10m, or operations: 5000ops, 20kops", err);
	return 0;
}

SETTER(set_warmup)
{
	uint64_t runs = 0;

	if (parse_time(value, false, &o->warmup.ns) || parse_ops(value, &o->warmup.ops))
		return 0;
	if (str_u64(str_of(value), &runs) || !runs || runs > RUNS_MAX)
		return bad_value(row, value,
			"a time such as 90s or 10m, operations: 5000ops, 20kops, or a number of runs", err);
	o->warmup.runs = (unsigned)runs;
	return 0;
}

SETTER(set_max_events)
{
	static const struct unit units[] = {{'k', 1000}, {'M', 1000000}};

	if (AMOUNT(value, units, &o->max_events) || !o->max_events)
		return bad_value(row, value, "a number such as 5000, 20k or 3M", err);
	return 0;
}

SETTER(set_max_size)
{
	static const struct unit units[] = {{'K', 1u << 10}, {'M', 1u << 20}, {'G', 1u << 30}};

	if (AMOUNT(value, units, &o->max_size) || o->max_size < SIZE_MIN)
		return bad_value(row, value, "a size such as 500K, 100M or 2G, at least 64K", err);
	return 0;
}

SETTER(set_max_files)
{
	unsigned n;
	int ret = set_number(&n, row, value, INT_MAX, err);

	if (ret == 0)
		o->max_files = n;
	return ret;
}

SETTER(set_buffer)
{
	static const struct unit units[] = {{'M', 1}, {'G', 1u << 10}};
	uint64_t mib;

	if (AMOUNT(value, units, &mib) || !mib || mib > BUFFER_MAX)
		return bad_value(row, value, "a size from 1M to 4095M", err);
	o->buffer = (unsigned)mib;
	return 0;
}

SETTER(set_no_hold)
{
	(void)row, (void)value, (void)err;
	o->no_hold = true;
	return 0;
}

SETTER(set_file)
{
	const char *name = NULL;
	int ret = set_string(&name, row, value, FILE_WANTED, err);

	if (ret == 0 && o->files == OPTIONS_FILES)
		ret = err_set(err, EINVAL, "--file: %d files are the most", OPTIONS_FILES);
	if (ret == 0)
		o->file[o->files++] = (char *)(uintptr_t)name;
	return ret;
}

SETTER(set_control)
{
	return set_string(&o->control, row, value,
		"status, list, log, add, remove, stop, start, reset or timereset", err);
}

SETTER(set_socket)
{
	return set_string(&o->socket, row, value, FILE_WANTED, err);
}

SETTER(set_layers)
{
	o->layers_given = true;
	return layer_list_parse(&o->layers, str_of(value), err) ? err_prefix(err, "-%c", row->letter) : 0;
}

SETTER(set_snapshot)
{
	return snapshot_list_parse(&o->snapshot, value, err) ? err_prefix(err, "--%s", row->name) : 0;
}

SETTER(set_output)
{
	return set_string(&o->output, row, value, "a directory", err);
}

SETTER(set_snapshot_every)
{
	if (!parse_time(value, true, &o->snapshot_every) || !o->snapshot_every)
		return bad_value(row, value, "a time such as 90s, 10m or 2h, at most ten years", err);
	return 0;
}

SETTER(set_snapshot_files)
{
	return str_u64(str_of(value), &o->snapshot_files) || !o->snapshot_files
		       ? bad_value(row, value, "a number from 1 on", err)
		       : 0;
}

SETTER(set_comm)
{
	int ret = set_string(&o->comm, row, value, "the name of a command", err);

	if (ret == 0 && strlen(value) > COMM_MAX)
		ret = bad_value(row, value,
			"at most 15 bytes: the kernel keeps no more of a command's name", err);
	return ret;
}

SETTER(set_uid)
{
	struct user user;
	char name[32];
	int ret = user_find(&user, value, err);

	if (ret) {
		err_prefix(err, "%s", row_spelling(row, name));
		return -EINVAL;
	}
	o->uid = user.uid;
	o->by_uid = true;
	return 0;
}

SETTER(set_processes)
{
	return set_number(&o->processes, row, value, PROCESSES_MAX, err);
}

SETTER(set_threads)
{
	return set_number(&o->threads, row, value, THREADS_MAX, err);
}

SETTER(set_speed)
{
	char *end;
	double speed = strtod(value, &end);

	if (!strchr("0123456789.", value[0]) || end == value || *end || !isfinite(speed))
		return bad_value(
			row, value, "0 (as fast as possible) or a factor such as 1.5", err);
	o->speed = speed;
	o->speed_given = true;
	return 0;
}

/* Index of VALUE among the row's words, or -1. */
static int word_index(const struct option_row *row, const char *value)
{
	struct str rest = str_of(row->values), word;
	int i = 0;

	while (str_take_char(&rest, '|', &word)) {
		if (str_eqs(word, value))
			return i;
		i++;
	}
	return -1;
}

static int set_word(unsigned *to, const struct option_row *row, const char *value, struct err *err)
{
	char wanted[64];
	int i = word_index(row, value);

	if (i < 0) {
		snprintf(wanted, sizeof(wanted), "one of %s", row->values);
		return bad_value(row, value, wanted, err);
	}
	*to = (unsigned)i;
	return 0;
}

SETTER(set_order)
{
	unsigned word = ORDER_RESOURCE;
	int ret = set_word(&word, row, value, err);

	o->order = (enum order)word;
	return ret;
}

SETTER(set_pace)
{
	unsigned word = PACE_WORD_TIMES;
	int ret = set_word(&word, row, value, err);

	o->pace = (enum pace_word)word;
	return ret;
}

SETTER(set_data)
{
	unsigned word = DATA_RANDOM;
	int ret = set_word(&word, row, value, err);

	o->data = (enum data_fill)word;
	return ret;
}

SETTER(set_backend)
{
	unsigned word;

	o->backend = value;
	return set_word(&word, row, value, err);
}

SETTER(set_import)
{
	static const char *const formats[] = {"strace:", "fio:", "records:"};
	size_t i, len;

	if (strcmp(value, "strace:-") == 0 || strcmp(value, "fio:-") == 0)
		return bad_value(row, value, "strace:FILE or fio:FILE, which are read more than once", err);
	for (i = 0; i < sizeof(formats) / sizeof(*formats); i++) {
		len = strlen(formats[i]);
		if (strncmp(value, formats[i], len) == 0 && value[len]) {
			o->import = value;
			return 0;
		}
	}
	return bad_value(row, value, "strace:FILE, fio:FILE or records:FILE", err);
}

SETTER(set_analyse)
{
	return set_string(&o->analyse, row, value, FILE_WANTED, err);
}

SETTER(set_filter)
{
	(void)row, (void)err;
	o->filter = value;
	return 0;
}

SETTER(set_only_ops)
{
	bool wanted[OP_COUNT];

	(void)row;
	o->only_ops = value;
	return words_choose(wanted, value, "-E", err);
}

SETTER(set_by)
{
	return set_string(&o->by, row, value, "names of columns with commas between", err);
}

SETTER(set_sort)
{
	unsigned word = SORT_TIME;
	int ret = set_word(&word, row, value, err);

	o->sort = (enum sort_word)word;
	return ret;
}

SETTER(set_top)
{
	uint64_t n;

	if (str_u64(str_of(value), &n) || n > UINT_MAX)
		return bad_value(row, value, "a number of rows, or 0 for all", err);
	o->top = (unsigned)n;
	o->top_given = true;
	return 0;
}

static int set_when(enum terminal_when *to, const struct option_row *row, const char *value, struct err *err)
{
	unsigned word = TERMINAL_AUTO;
	int ret = set_word(&word, row, value, err);

	*to = (enum terminal_when)word;
	return ret;
}

SETTER(set_colour)
{
	return set_when(&o->colour, row, value, err);
}

SETTER(set_escape)
{
	return set_when(&o->escape, row, value, err);
}

SETTER(set_hist)
{
	unsigned word = HIST_WORD_LATENCY;
	int ret = set_word(&word, row, value, err);

	o->hist = (enum hist_word)word;
	o->hist_given = true;
	return ret;
}

SETTER(set_sequence)
{
	(void)row, (void)value, (void)err;
	o->sequence = true;
	return 0;
}

/* Also parts of a second, unlike a recording's length. */
SETTER(set_timeline)
{
	char *end;
	double n = strtod(value, &end);
	double unit = strcmp(end, "us") == 0   ? 1e3
		      : strcmp(end, "ms") == 0 ? 1e6
		      : strcmp(end, "m") == 0 ? 60e9
		      : strcmp(end, "h") == 0 ? 3600e9
		      : !*end || strcmp(end, "s") == 0 ? 1e9
						       : 0;

	if (!strchr("0123456789.", value[0]) || end == value || !(n * unit >= 1e3) || n * unit > 1e18)
		return bad_value(row, value, "an interval such as 1s, 100ms or 5m", err);
	o->timeline = (uint64_t)(n * unit);
	return 0;
}

SETTER(set_anonymize)
{
	return set_string(&o->anonymize, row, value, "a file with a key", err);
}

SETTER(set_export)
{
	return set_string(&o->export, row, value, "FORMAT:FILE", err);
}

SETTER(set_flame)
{
	return set_string(&o->flame, row, value, FILE_WANTED, err);
}

SETTER(set_html)
{
	return set_string(&o->html, row, value, FILE_WANTED, err);
}

SETTER(set_fields)
{
	return set_string(&o->fields, row, value, "names of columns with commas between", err);
}

SETTER(set_names)
{
	return set_string(&o->names, row, value, FILE_WANTED, err);
}

SETTER(set_weight)
{
	unsigned word;

	o->weight = value;
	return set_word(&word, row, value, err);
}

SETTER(set_keep_caches)
{
	(void)row, (void)value, (void)err;
	o->keep_caches = true;
	return 0;
}

SETTER(set_quiet)
{
	(void)row, (void)value, (void)err;
	o->quiet = true;
	return 0;
}

/* -h and -V answer whatever else is there. */
SETTER(set_command)
{
	(void)value, (void)err;
	o->command = row->alone;
	return 0;
}

/* The word values stand in the order of their enums (options.h). */
const struct option_row option_rows[] = {
	{'c', "capture", "FILE", NULL, COMMAND_CAPTURE,
		FOR_CAPTURE | FOR_GENERATE | FOR(COMMAND_IMPORT),
		"Record into FILE; with -r, the capture to read; with --import, the one to write. A name that "
		"ends in .zst is compressed. What is recorded: the program behind --, the process of -x, or without "
		"both the whole system, until Ctrl-C.",
		set_capture},
	{'r', "replay", "FILE", NULL, COMMAND_REPLAY, FOR_GENERATE | FOR(COMMAND_REPLAY),
		"Replay FILE; with -c, write FILE from the capture.", set_replay},
	{'i', "init", "FILE", NULL, COMMAND_INIT, FOR(COMMAND_INIT),
		"Build the tree of files that the replay FILE needs. An older tree of the same "
		"name is moved to the trash.",
		set_replay},
	{'R', "init-replay", "FILE", NULL, COMMAND_INIT_REPLAY, FOR(COMMAND_INIT_REPLAY),
		"Build the tree as -i does, and when that succeeded replay as -r does.",
		set_replay},
	{'T', "trash", NULL, NULL, COMMAND_TRASH, FOR(COMMAND_TRASH),
		"Move the trees of replays to .ioriot/.trash, the one of -n or all.", NULL},
	{'P', "purge", NULL, NULL, COMMAND_PURGE, FOR(COMMAND_PURGE),
		"Delete the trees of replays and the trash. Nothing that ioriot did not make is "
		"touched, no symbolic link is followed.",
		NULL},
	{'a', "analyse", "FILE", NULL, COMMAND_ANALYSE, FOR(COMMAND_ANALYSE),
		"Say what a capture is made of: calls, bytes, times, errors, by operation and file; "
		"or what the options below ask for. With another capture, or the statistics (--json) of "
		"a replay, behind it: what differs.",
		set_analyse},
	{0, "import", "FORMAT:FILE", NULL, COMMAND_IMPORT, FOR(COMMAND_IMPORT),
		"Make a capture (-c) of what another tool recorded: strace:FILE is what strace -f -ttt -T -y -o "
		"FILE wrote, on a host without ioriot, fio:FILE an iolog of fio; of records:FILE, which --export "
		"records made, the same capture again. What it does not tell is counted.",
		set_import},
	{'d', "drop-caches", NULL, NULL, COMMAND_DROP_CACHES, FOR(COMMAND_DROP_CACHES),
		"Write back and drop the page cache of this host, and exit. Needs root.", NULL},
	{0, "check", NULL, NULL, COMMAND_CHECK, FOR(COMMAND_CHECK),
		"Say what this host offers: which ways to record work here, and why others do "
		"not; whether replays can run.",
		NULL},
	{0, "compare", "FILE", NULL, COMMAND_COMPARE, FOR(COMMAND_COMPARE),
		"Compare the statistics (--json) of replays: those of FILE with each of the files behind "
		"it, in total and by operation, with confidence intervals.",
		set_compare},
	{0, "snapshot", "LIST", NULL, COMMAND_SNAPSHOT, FOR(COMMAND_SNAPSHOT) | FOR_CAPTURE,
		"Write down what the host is, into files of --output: fs, names, sizes and times of files, 3 levels "
		"below / (fs=5:/srv: 5 below /srv) in one file system; process; system; gz: as .csv.gz, not "
		".csv.zst. With -c at its start and again and again meanwhile.",
		set_snapshot},
	{0, "control", "COMMAND", NULL, COMMAND_CONTROL, FOR(COMMAND_CONTROL),
		"Ask the capture with --file that is running, or tell it what to do: status, list, log FILE, "
		"add FILE[,MAX], remove FILE; stop, start, reset (forget what is kept), timereset (and begin to count "
		"time), of all its files or one that stands behind it.",
		set_control},
	{'V', "version", NULL, NULL, COMMAND_VERSION, FOR(COMMAND_VERSION), "Print the version.",
		set_command},
	{'h', "help", NULL, NULL, COMMAND_HELP, FOR(COMMAND_HELP), "Print this help.", set_command},

	{'x', "pid", "PID", NULL, COMMAND_NONE, FOR_CAPTURE,
		"Record this running process and its children, until it ends or Ctrl-C.", set_pid},
	{0, "output", "DIR", NULL, COMMAND_NONE, FOR(COMMAND_SNAPSHOT) | FOR_CAPTURE,
		"The directory for what --snapshot writes; made where it is not there.", set_output},
	{0, "snapshot-files", "N", NULL, COMMAND_NONE, FOR(COMMAND_SNAPSHOT) | FOR_CAPTURE,
		"The walk of --snapshot=fs ends after so many files (1000000), and after a minute.",
		set_snapshot_files},
	{0, "snapshot-every", "TIME", NULL, COMMAND_NONE, FOR_CAPTURE,
		"How often --snapshot is taken while something is recorded (1h): 90s, 10m.", set_snapshot_every},
	{0, "file", "FILE[,MAX]", NULL, COMMAND_NONE, FOR_CAPTURE,
		"Only what is done to this file, whatever names it has, and of that the last MAX events (65536); "
		"without -L with its block requests. More than one --file can be given. It is written at the end, to "
		"be analysed; meanwhile --control asks.",
		set_file},
	{0, "socket", "FILE", NULL, COMMAND_NONE, FOR_CAPTURE | FOR(COMMAND_CONTROL),
		"The socket of --control (/run/ioriot.socket). A capture that has one, but no --file, begins without "
		"files.",
		set_socket},
	{'L', "layers", "LIST", NULL, COMMAND_NONE, FOR_CAPTURE | FOR(COMMAND_ANALYSE),
		"What is recorded or looked at: sys, the calls, is what it is without this option; "
		"vfs: those on files; block, cache, fault: events below them; "
		"net, conn, poll, sockopt, retrans: sockets and waiting; "
		"proc: processes; uring: requests of io_uring; all. "
		"cache=64 records one event in 64, cache=0 only their sum.",
		set_layers},
	{0, "backend", "WORD", "auto|ptrace|stap|bpf", COMMAND_NONE, FOR_CAPTURE,
		"How to record: without it ptrace, which any user may, when a program is started, "
		"else auto: stap where its module is there and loads, else bpf, else (of programs) ptrace.",
		set_backend},
	{'m', "module", "FILE", NULL, COMMAND_NONE, FOR_CAPTURE | FOR(COMMAND_CHECK),
		"The SystemTap module: a file, or a name that is looked for as ioriot is, the default, "
		"and targetedioriot, with -x.",
		set_module},
	{0, "comm", "NAME", NULL, COMMAND_NONE, FOR_CAPTURE,
		"Of the whole system, only processes of this command name.", set_comm},
	{0, "uid", "USER", NULL, COMMAND_NONE, FOR_CAPTURE,
		"Of the whole system, only processes of this user.", set_uid},
	{0, "duration", "TIME", NULL, COMMAND_NONE, FOR_CAPTURE,
		"End the recording after that many seconds, or 90s, 10m, 2h. A program that was "
		"started goes on, and ioriot waits for it.",
		set_duration},
	{0, "max-events", "N", NULL, COMMAND_NONE, FOR_CAPTURE,
		"End the recording after N records of calls; also 20k, 3M.", set_max_events},
	{0, "max-size", "SIZE", NULL, COMMAND_NONE, FOR_CAPTURE,
		"When the file has that many bytes, or 500K, 100M, 2G, go on in another: FILE, "
		"FILE.1, FILE.2 ..., or NAME.zst, NAME.1.zst ... Each can be replayed on its own.",
		set_max_size},
	{0, "max-files", "N", NULL, COMMAND_NONE, FOR_CAPTURE,
		"With --max-size: keep the newest N files and delete older ones.", set_max_files},
	{0, "no-hold", NULL, NULL, COMMAND_NONE, FOR_CAPTURE,
		"Of calls that overlap where one changes what the other looks at, let both run at once. "
		"Without it the second one begins when the first is over, so that their order is known. "
		"Of the ptrace back end.",
		set_no_hold},
	{0, "buffer", "SIZE", NULL, COMMAND_NONE, FOR_CAPTURE,
		"Memory of the kernel side for each processor, in MiB (64M, but at most an eighth "
		"of all memory together). Of the stap and bpf back ends.",
		set_buffer},
	{'n', "name", "NAME", NULL, COMMAND_NONE, FOR_GENERATE | FOR_INIT | FOR_CLEANUP,
		"Name of the test (test0): its files go to .ioriot/NAME.", set_name},
	{'u', "user", "USER", NULL, COMMAND_NONE,
		FOR_GENERATE | FOR_INIT | FOR_REPLAY | FOR(COMMAND_CHECK),
		"User who runs the replay and owns its files. Without it: the caller, or nobody "
		"when root calls.",
		set_user},
	{0, "root", "DIR", NULL, COMMAND_NONE, FOR_GENERATE | FOR_INIT | FOR_REPLAY | FOR_CLEANUP,
		"Put the whole tree below one directory, /a/b becoming DIR/.ioriot/NAME/a/b, "
		"instead of one tree on each mount point.",
		set_root},
	{0, "data", "WORD", "random|zero|text", COMMAND_NONE, FOR_INIT,
		"What files are filled with: random bytes that cannot be compressed (default), "
		"zeros, or text that compresses well.",
		set_data},
	{'p', "processes", "N", NULL, COMMAND_NONE, FOR_REPLAY, "Worker processes (4).",
		set_processes},
	{'t', "threads", "N", NULL, COMMAND_NONE, FOR_REPLAY,
		"Threads in each worker process (128).", set_threads},
	{'s', "speed", "X", NULL, COMMAND_NONE, FOR_REPLAY,
		"0 = as fast as the order of the operations allows (default), 1 = at the recorded "
		"times, 2 = twice as fast.",
		set_speed},
	{0, "pace", "WORD", "times|think", COMMAND_NONE, FOR_REPLAY,
		"What -s keeps: the recorded times (times, default), or of each thread the time between "
		"the end of an operation and its next one (think): it computes as long as it did, and "
		"its I/O takes what it takes here. With think, -s is 1 unless given.",
		set_pace},
	{0, "order", "WORD", "resource|strict|thread", COMMAND_NONE, FOR_REPLAY,
		"What is kept of the recorded order across threads: the order on each shared file, "
		"name and descriptor (resource, default), all of it (strict), nothing (thread).",
		set_order},
	{0, "limit", "AMOUNT", NULL, COMMAND_NONE, FOR_REPLAY,
		"End the replay after a time, 90s, 10m or 2h, or make only the first operations of the "
		"file: 5000ops, 20kops, 3Mops.",
		set_limit},
	{0, "warmup", "AMOUNT", NULL, COMMAND_NONE, FOR_REPLAY,
		"Leave the beginning of the replay out of its statistics: a time (90s, 10m) or as many "
		"operations (5000ops, 20kops). A time of --limit begins behind it. With -R also a number: "
		"so many whole runs beforehand, of which nothing is counted.",
		set_warmup},
	{0, "only", "LIST", NULL, COMMAND_NONE, FOR_REPLAY,
		"Replay only these operations, and what they need: names or patterns (openat,*stat*), families "
		"or classes (AIO, READ, WRITE), process=N, path=PATTERN; separated by commas. Of several "
		"kinds all must match.",
		set_only},
	{0, "skip", "LIST", NULL, COMMAND_NONE, FOR_REPLAY,
		"Leave these operations out, unless others need what they do; written as --only is.",
		set_skip},
	{0, "repeat", "N", NULL, COMMAND_NONE, FOR(COMMAND_INIT_REPLAY),
		"Run N times. Between the runs the tree becomes what it was: only what a run changed "
		"is built again. All runs go into the statistics, with their medians and spread.",
		set_repeat},
	{0, "scale", "N", NULL, COMMAND_NONE, FOR_INIT | FOR_REPLAY,
		"Run N copies side by side, each in trees of its own, .ioriot/NAME.copy001 and so on, which -i builds "
		"when it is given the same N or more, and with its own -p and -t. Statistics are those of all "
		"together, and of each copy.",
		set_scale},
	{'D', "keep-caches", NULL, NULL, COMMAND_NONE, FOR_REPLAY,
		"Do not drop the page cache before the replay.", set_keep_caches},
	{'S', "stats", "FILE", NULL, COMMAND_NONE, FOR_REPLAY,
		"Write the statistics of the replay to FILE, as text.", set_stats},
	{0, "json", "FILE", NULL, COMMAND_NONE, FOR_REPLAY | FOR(COMMAND_CHECK) | FOR(COMMAND_COMPARE),
		"Write the statistics of the replay, or what --check or --compare found, to FILE, as JSON.",
		set_json},
	{'F', "filter", "EXPRESSION", NULL, COMMAND_NONE, FOR_CAPTURE | FOR(COMMAND_ANALYSE),
		"Only calls for which it is true: pid==12 && file=~\"^/var/\" && latency>1ms && op in "
		"(read, pread64) || error. What is recorded so can be analysed, not replayed.",
		set_filter},
	{'E', "events", "WORDS", NULL, COMMAND_NONE, FOR_CAPTURE | FOR(COMMAND_ANALYSE),
		"Only calls that these words name: operations or patterns (*stat*), families, classes; "
		"!WORD takes away: FS,AIO,!*stat*. What is recorded so can be analysed, not replayed.",
		set_only_ops},
	{0, "by", "COLUMNS", NULL, COMMAND_NONE, FOR(COMMAND_ANALYSE) | FOR_REPLAY,
		"A table of the calls by op, file, dir, comm, pid, tid, device, family, class, error or "
		"any other column, or several: comm,op. Of a replay: file, which adds its files to the statistics.",
		set_by},
	{0, "sort", "WORD", "time|count|bytes|p99|errors", COMMAND_NONE, FOR(COMMAND_ANALYSE),
		"What the table of --by begins with: the time in calls (default), their number, bytes, "
		"99th percentile, failed ones.",
		set_sort},
	{0, "top", "N", NULL, COMMAND_NONE, FOR(COMMAND_ANALYSE) | FOR_REPLAY, "Rows of a table (20); 0 = all.",
		set_top},
	{0, "hist", "WORD", "latency|gap|size", COMMAND_NONE, FOR(COMMAND_ANALYSE),
		"How latencies, the gaps between the calls of a thread, or bytes moved are spread.", set_hist},
	{0, "seq", NULL, NULL, COMMAND_NONE, FOR(COMMAND_ANALYSE),
		"How each file is gone through: in sequence or at random, in which sizes.", set_sequence},
	{0, "timeline", "TIME", NULL, COMMAND_NONE, FOR(COMMAND_ANALYSE),
		"Rates, errors and latencies of each interval of that many seconds, or 100ms, 5m; trends, bursts and "
		"periods.", set_timeline},
	{0, "export", "FORMAT:FILE", NULL, COMMAND_NONE, FOR(COMMAND_ANALYSE),
		"Write the calls to FILE, as csv or jsonl with all columns, perfetto (also for Chrome), fio (an "
		"iolog of reads, writes and syncs), stacks: collapsed, as flame graph tools read them, or "
		"speedscope; or the whole capture: records, as JSON lines, which --import takes back, and capture. "
		"Of csv, jsonl and collapsed - is standard output.",
		set_export},
	{0, "anonymize", "KEYFILE", NULL, COMMAND_NONE,
		FOR_CAPTURE | FOR(COMMAND_SNAPSHOT) | FOR(COMMAND_ANALYSE),
		"No names in what is written: each component of a path, attribute, word of a command and address is "
		"another word instead, always the same one with the same key, which is the content of KEYFILE (16 to "
		"4096 bytes). Of a capture that is there with --export capture:FILE or records:FILE.",
		set_anonymize},
	{0, "flame", "FILE", NULL, COMMAND_NONE, FOR(COMMAND_ANALYSE),
		"Write a flame graph to FILE, as SVG that can be searched and zoomed.", set_flame},
	{0, "html", "FILE", NULL, COMMAND_NONE, FOR(COMMAND_ANALYSE),
		"Write a report to FILE: one HTML page with time line, heat map, histograms, tables and flame "
		"graph, of one capture or two side by side.",
		set_html},
	{0, "fields", "COLUMNS", NULL, COMMAND_NONE, FOR(COMMAND_ANALYSE),
		"Frames of the stacks from below (comm,file,op); a name has one for each directory.", set_fields},
	{0, "count", "WORD", "time|count|bytes|gap", COMMAND_NONE, FOR(COMMAND_ANALYSE),
		"What makes stacks wide: time in calls (default), their number, bytes moved, gaps.", set_weight},
	{0, "names", "FILE", NULL, COMMAND_NONE, FOR(COMMAND_ANALYSE),
		"What files are called that events of other layers (-L) are about and no call has named: a "
		"filesystem_snap.csv, or .csv.zst, of --snapshot=fs.",
		set_names},
	{0, "color", "WORD", "auto|always|never", COMMAND_NONE, FOR(COMMAND_ANALYSE) | FOR(COMMAND_CHECK),
		"Colours of tables: auto is on a terminal, where neither NO_COLOR nor TERM=dumb is against it.",
		set_colour},
	{0, "escape", "WORD", "auto|always|never", COMMAND_NONE, FOR(COMMAND_ANALYSE),
		"What would speak to a terminal, in the names of --export csv: auto escapes it on a terminal. Tables "
		"always do.",
		set_escape},
	{'w', "wd-base", "DIR", NULL, COMMAND_NONE, FOR_STEPS,
		"Accepted for command lines of older versions. Nothing is kept there.",
		set_wd_base},
	{0, "quiet", NULL, NULL, COMMAND_NONE,
		FOR_STEPS | FOR(COMMAND_CHECK) | FOR(COMMAND_COMPARE) | FOR(COMMAND_ANALYSE) | FOR(COMMAND_IMPORT) |
			FOR(COMMAND_SNAPSHOT),
		"No progress and no summary; errors are still printed.", set_quiet},
};
const unsigned option_count = sizeof(option_rows) / sizeof(option_rows[0]);

#define ROWS_MOST 96

/* What was seen so far, by row, and the commands that all of them allow. */
struct parse {
	struct options *o;
	char **argv;
	int argc, next;
	bool seen[ROWS_MOST];
};

#define MANY(row) ((row)->set == set_file) /* may be given more than once */

static int take(struct parse *p, unsigned row, const char *value, struct err *err)
{
	const struct option_row *r = &option_rows[row];
	char name[32];

	if (p->seen[row] && !MANY(r))
		return err_set(err, EINVAL, "%s is given twice", row_spelling(r, name));
	p->seen[row] = true;
	if (r->arg && !value) {
		if (p->next >= p->argc)
			return err_set(
				err, EINVAL, "%s needs a value: %s", row_spelling(r, name), r->arg);
		value = p->argv[p->next++];
	}
	return r->set ? r->set(p->o, r, value, err) : 0;
}

/* "-Dp2": letters, the rest behind one that takes a value being its value. */
static int parse_letters(struct parse *p, const char *letters, struct err *err)
{
	unsigned i;
	int ret;

	for (; *letters; letters++) {
		for (i = 0; i < option_count && option_rows[i].letter != *letters; i++)
			;
		if (i == option_count)
			return err_set(err, EINVAL, "unknown option -%c; -h lists all", *letters);
		if (option_rows[i].arg)
			return take(p, i, letters[1] ? letters + 1 : NULL, err);
		ret = take(p, i, NULL, err);
		if (ret)
			return ret;
	}
	return 0;
}

/* "--name", "--name value" or "--name=value". */
static int parse_name(struct parse *p, const char *name, struct err *err)
{
	const char *equals = strchr(name, '=');
	size_t len = equals ? (size_t)(equals - name) : strlen(name);
	unsigned i;

	for (i = 0; i < option_count; i++)
		if (str_eq(str_of(option_rows[i].name), (struct str){name, len}))
			break;
	if (i == option_count)
		return err_set(err, EINVAL, "unknown option --%.*s; -h lists all", (int)len, name);
	if (equals && !option_rows[i].arg)
		return err_set(err, EINVAL, "--%s takes no value", option_rows[i].name);
	return take(p, i, equals ? equals + 1 : NULL, err);
}

static int parse_argument(struct parse *p, const char *arg, struct err *err)
{
	if (arg[0] == '-' && arg[1] == '-')
		return parse_name(p, arg + 2, err);
	if (arg[0] == '-' && arg[1])
		return parse_letters(p, arg + 1, err);
	/* in the places of what was read already */
	p->argv[1 + p->o->operands_count++] = (char *)(uintptr_t)arg;
	p->o->operands = p->argv + 1;
	return 0;
}

/* Only --compare, -a and --control have any; nothing else is as bad as one that was meant to be an option's value. */
static int check_operands(const struct options *o, struct err *err)
{
	if (o->compare && o->operands_count == 0)
		return err_set(err, EINVAL, "--compare needs two files or more");
	if (o->compare || o->operands_count == 0)
		return 0;
	if ((o->analyse || o->control) && o->operands_count == 1)
		return 0;
	if (o->analyse)
		return err_set(err, EINVAL, "-a compares two files, not %zu", o->operands_count + 1);
	return err_set(err, EINVAL, "unexpected \"%s\": a program to record stands behind --", o->operands[0]);
}

/* The one command that all command options given belong to. */
static int choose_command(struct parse *p, struct err *err)
{
	const struct option_row *first = NULL;
	unsigned i, common = ~0u;
	char a[32], b[32];

	for (i = 0; i < option_count; i++) {
		const struct option_row *row = &option_rows[i];

		if (row->alone == COMMAND_NONE || !p->seen[i])
			continue;
		common &= row->commands;
		if (first && !common)
			return err_set(err, EINVAL, "%s and %s are two commands; give one",
				row_spelling(first, a), row_spelling(row, b));
		p->o->command = first ? (enum command)__builtin_ctz(common) : row->alone;
		first = row;
	}
	if (!first)
		return err_set(err, EINVAL,
			"no command: give -c, -r, -i, -R, -a, -T, -P, -d, --check, --compare, --import, "
			"--snapshot or --control; -h explains");
	return 0;
}

static bool exports_stacks(const struct options *o)
{
	return o->export && (strncmp(o->export, "collapsed:", 10) == 0 || strncmp(o->export, "speedscope:", 11) == 0);
}

static bool exports_records(const struct options *o)
{
	return o->export && (strncmp(o->export, "capture:", 8) == 0 || strncmp(o->export, "records:", 8) == 0);
}

static bool has_snapshot(const struct options *o)
{
	return o->snapshot.fs || o->snapshot.process || o->snapshot.system;
}

/* An option that would do nothing is a misunderstanding, and better said than ignored. */
static int check_modifiers(const struct parse *p, struct err *err)
{
	const struct options *o = p->o;
	char name[32];
	unsigned i;

	for (i = 0; i < option_count; i++)
		if (p->seen[i] && !(option_rows[i].commands & FOR(o->command)))
			return err_set(err, EINVAL,
				"%s means nothing to this command; -h lists what does",
				row_spelling(&option_rows[i], name));
	if (o->argv && o->command != COMMAND_CAPTURE)
		return err_set(err, EINVAL, "a program behind -- belongs to -c without -r");
	if (o->argv && o->pid)
		return err_set(err, EINVAL, "-x and a program behind -- exclude each other");
	if ((o->comm || o->by_uid) && (o->argv || o->pid))
		return err_set(err, EINVAL,
			"%s chooses among all processes; with %s one is recorded anyway",
			o->comm ? "--comm" : "--uid", o->pid ? "-x" : "a program behind --");
	if (o->warmup.runs && o->command != COMMAND_INIT_REPLAY)
		return err_set(err, EINVAL,
			"a run to warm up changes the tree: --warmup=%u needs -R, which builds it again",
			o->warmup.runs);
	if ((o->fields || o->weight) && !o->flame && !o->html && !exports_stacks(o))
		return err_set(err, EINVAL, "--%s means nothing without --flame, --html or --export of stacks",
			o->fields ? "fields" : "count");
	if (o->analyse && o->operands_count && (o->hist_given || o->sequence || o->timeline || o->export || o->flame))
		return err_set(err, EINVAL, "with two files -a compares them; --hist, --seq, --timeline, --export and "
			"--flame are of one");
	if (o->analyse && o->anonymize && !exports_records(o))
		return err_set(err, EINVAL, "--anonymize goes with --export capture:FILE or records:FILE");
	if (o->names && !layer_list_has_events(&o->layers))
		return err_set(err, EINVAL, "--names is for -L with other layers than calls");
	if (o->escape != TERMINAL_AUTO && !(o->export && strncmp(o->export, "csv:", 4) == 0))
		return err_set(err, EINVAL, "--escape is of the names of --export csv:FILE");
	if (o->import && !o->capture)
		return err_set(err, EINVAL, "--import needs -c: the capture to write");
	if (has_snapshot(o) != (o->output != NULL))
		return err_set(err, EINVAL, has_snapshot(o) ? "--snapshot needs --output DIR"
							    : "--output means nothing without --snapshot");
	if (!has_snapshot(o) && o->snapshot_every)
		return err_set(err, EINVAL, "--snapshot-every means nothing without --snapshot");
	if (FOR(o->command) & FOR_REPLAY && o->by && strcmp(o->by, "file") != 0)
		return err_set(err, EINVAL, "the statistics of a replay can be --by=file, not by \"%s\"", o->by);
	if (FOR(o->command) & FOR_REPLAY && o->top_given && !o->by)
		return err_set(err, EINVAL, "--top means nothing to a replay without --by=file");
	if ((o->files || (o->socket && o->capture)) && (o->max_size || o->max_events || o->filter || o->only_ops))
		return err_set(err, EINVAL, "--file keeps what is done to files, and the last of that: not with "
			"--max-size, --max-events, -F or -E");
	if (o->max_files && !o->max_size)
		return err_set(err, EINVAL, "--max-files means nothing without --max-size");
	if (o->pace == PACE_WORD_THINK && o->speed_given && o->speed <= 0)
		return err_set(err, EINVAL, "--pace=think keeps times, -s 0 keeps none");
	if (o->command == COMMAND_GENERATE && strcmp(o->capture, "-") != 0 &&
		strcmp(o->capture, o->replay) == 0)
		return err_set(err, EINVAL, "-c and -r name the same file, %s", o->capture);
	return 0;
}

static int parse_all(struct parse *p, struct err *err)
{
	const char *arg;
	int ret = 0;

	while (ret == 0 && p->next < p->argc) {
		arg = p->argv[p->next++];
		if (strcmp(arg, "--") == 0) {
			p->o->argv = p->argv + p->next;
			if (p->next == p->argc)
				ret = err_set(err, EINVAL, "no program behind --");
			break;
		}
		ret = parse_argument(p, arg, err);
	}
	return ret;
}

int options_parse(struct options *o, int argc, char **argv, struct err *err)
{
	struct parse p = {.o = o, .argv = argv, .argc = argc, .next = 1};
	int ret;

	*o = (struct options){.processes = 4, .threads = 128, .top = TOP_DEFAULT, .snapshot_files = SNAPSHOT_ENTRIES,
		.layers = {.on[LAYER_SYS] = true, .each[LAYER_SYS] = 1}};
	_Static_assert(sizeof(option_rows) / sizeof(option_rows[0]) <= ROWS_MOST, "a flag for each row");
	ret = parse_all(&p, err);
	if (ret == 0 && o->command == COMMAND_NONE)
		ret = check_operands(o, err);
	if (ret || o->command != COMMAND_NONE)
		return ret;
	ret = choose_command(&p, err);
	if (ret == 0)
		ret = check_modifiers(&p, err);
	if (ret == 0 && (o->files || o->socket) && !o->layers_given)
		ret = layer_list_parse(&o->layers, STR("vfs,block"), err);
	return ret;
}
