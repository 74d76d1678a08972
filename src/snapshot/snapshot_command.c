/* SPDX-License-Identifier: Apache-2.0 */
#include "snapshot/snapshot_command.h"

#include <inttypes.h>
#include <stdio.h>

#include "snapshot/snapshot.h"
#include "trace/hide.h"

static int complain(const struct err *err)
{
	fprintf(stderr, "ioriot: %s\n", err->text);
	return EXIT_FAILED;
}

/* A walk that ended early is not all there is. */
static int report(const struct options *o, const struct snapshot_counts *c)
{
	if (o->snapshot.fs && !o->quiet)
		fprintf(stderr, "ioriot: %" PRIu64 " files, %" PRIu64 " directories that cannot be read\n", c->files,
			c->unreadable);
	if (o->snapshot.process && !o->quiet)
		fprintf(stderr, "ioriot: %" PRIu64 " processes\n", c->processes);
	if (!c->limit)
		return EXIT_DONE;
	fprintf(stderr, "ioriot: the walk ended early: %s\n",
		c->limit[0] == 'e' ? "there are more files than --snapshot-files allows" : "it took too long");
	return EXIT_DIVERGED;
}

int snapshot_command(const struct options *o)
{
	struct snapshot s = {
		.list = &o->snapshot, .directory = o->output, .entries = o->snapshot_files, .stop_fd = -1};
	struct snapshot_counts counts;
	struct err err;
	int rc = o->anonymize ? hide_open(&s.hide, o->anonymize, &err) : 0;

	snapshot_step_back();
	if (!rc)
		rc = snapshot_directory(o->output, &err);
	if (!rc)
		rc = snapshot_take(&s, &counts, &err);
	hide_close(s.hide);
	return rc ? complain(&err) : report(o, &counts);
}
