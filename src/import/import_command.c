/* SPDX-License-Identifier: Apache-2.0 */
#include "import/import_command.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "import/import.h"

static void print_result(const struct options *o, const struct import_result *res)
{
	unsigned i;

	printf("%s: %" PRIu64 " records of %" PRIu64 " lines, %" PRIu64 " processes; %" PRIu64
	       " files were described by stat or readlink before they changed\n",
		o->capture, res->records, res->lines, res->processes, res->told);
	if (res->no_cwd)
		puts("  the working directory of a process is not told (strace -y): its relative paths lead nowhere");
	for (i = 0; i < res->reason_count; i++)
		printf("    %10" PRIu64 "  %s, first in line %" PRIu64 "\n", res->reasons[i].count,
			res->reasons[i].why, res->reasons[i].line);
}

int import_command(const struct options *o)
{
	const char *from = o->import + strlen("strace:");
	struct import_result res;
	struct err err = {0};

	if (import_strace(from, o->capture, &res, &err)) {
		fprintf(stderr, "ioriot: %s\n", err.text);
		return EXIT_FAILED;
	}
	if (!o->quiet)
		print_result(o, &res);
	if (res.cut)
		fprintf(stderr, "ioriot: %s: cut short: what is there was read\n", from);
	if (res.lost)
		fprintf(stderr, "ioriot: %s: %" PRIu64 " calls were lost\n", from, res.lost);
	return res.lost || res.cut ? EXIT_DIVERGED : EXIT_DONE;
}
