/* SPDX-License-Identifier: Apache-2.0 */
#include "import/import_command.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "import/import.h"
#include "trace/records.h"

static void print_reasons(const struct import_result *res)
{
	unsigned i;

	for (i = 0; i < res->reason_count; i++)
		printf("    %10" PRIu64 "  %s, first in line %" PRIu64 "\n", res->reasons[i].count,
			res->reasons[i].why, res->reasons[i].line);
}

static void print_strace(const struct options *o, const struct import_result *res)
{
	printf("%s: %" PRIu64 " records of %" PRIu64 " lines, %" PRIu64 " processes; %" PRIu64
	       " files were described by stat or readlink before they changed\n",
		o->capture, res->records, res->lines, res->processes, res->told);
	if (res->no_cwd)
		puts("  the working directory of a process is not told (strace -y): its relative paths lead nowhere");
	print_reasons(res);
}

static void print_fio(const struct options *o, const struct import_result *res)
{
	printf("%s: %" PRIu64 " records of %" PRIu64 " lines\n", o->capture, res->records, res->lines);
	print_reasons(res);
}

/* Exit status of what could be read. */
static int verdict(const char *from, const struct import_result *res)
{
	if (res->cut)
		fprintf(stderr, "ioriot: %s: cut short: what is there was read\n", from);
	if (res->lost)
		fprintf(stderr, "ioriot: %s: %" PRIu64 " calls were lost\n", from, res->lost);
	return res->lost || res->cut ? EXIT_DIVERGED : EXIT_DONE;
}

static int import_records(const char *from, const char *to, struct import_result *res, struct err *err)
{
	struct records_told told;
	int rc = records_import(from, to, &told, err);

	*res = (struct import_result){.records = told.records, .cut = told.cut};
	return rc;
}

static void print_records(const struct options *o, const struct import_result *res)
{
	printf("%s: %" PRIu64 " records\n", o->capture, res->records);
}

static const struct {
	const char *name;
	int (*take)(const char *from, const char *to, struct import_result *res, struct err *err);
	void (*print)(const struct options *o, const struct import_result *res);
} formats[] = {{"strace:", import_strace, print_strace}, {"fio:", import_fio, print_fio},
	{"records:", import_records, print_records}};

int import_command(const struct options *o)
{
	const char *from = strchr(o->import, ':') + 1;
	struct import_result res = {0};
	struct err err = {0};
	size_t i = 0;

	while (strncmp(o->import, formats[i].name, strlen(formats[i].name)) != 0) /* it is one: the option */
		i++;
	if (formats[i].take(from, o->capture, &res, &err)) {
		fprintf(stderr, "ioriot: %s\n", err.text);
		return EXIT_FAILED;
	}
	if (!o->quiet)
		formats[i].print(o, &res);
	return verdict(from, &res);
}
