/* SPDX-License-Identifier: Apache-2.0 */
#include "check/check_command.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "check/check.h"
#include "trace/outfile.h"
#include "utils/terminal.h"

static void print(const struct check *c)
{
	struct buf text = BUF_INIT;

	report_text(&c->report, terminal_colour(c->options->colour, STDOUT_FILENO), &text);
	fwrite(text.p, 1, text.len, stdout);
	buf_free(&text);
}

static int write_json(const struct check *c, struct err *err)
{
	const char *path = c->options->json;
	struct buf text = BUF_INIT;
	int rc = report_json(&c->report, &text);

	rc = rc ? err_sys(err, -rc, "cannot write %s", path)
		: outfile_put(path, buf_as_str(&text), err);
	buf_free(&text);
	return rc;
}

static int finish(const struct check *c)
{
	struct err err = {0};
	int rc = 0;

	if (c->report.failed)
		rc = err_sys(&err, ENOMEM, "cannot check this host");
	else if (!c->options->quiet)
		print(c);
	if (!rc && c->options->json)
		rc = write_json(c, &err);
	if (rc) {
		fprintf(stderr, "ioriot: %s\n", err.text);
		return EXIT_FAILED;
	}
	return report_can_record(&c->report) && report_usable(&c->report, SECTION_REPLAY)
		       ? EXIT_DONE
		       : EXIT_HOST_LACKS;
}

int check_command(const struct options *o)
{
	struct check c = {.options = o, .root = ""};
	int status;

	uname(&c.uts);
	check_host(&c);
	check_stap(&c);
	check_bpf(&c);
	check_ptrace(&c);
	check_replay(&c);
	status = finish(&c);
	report_free(&c.report);
	return status;
}
