/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "capture/capture_command.h"
#include "capture/control.h"
#include "check/check_command.h"
#include "compare/compare_command.h"
#include "generate/generate_command.h"
#include "import/import_command.h"
#include "init/cleanup.h"
#include "init/init_command.h"
#include "options.h"
#include "replay/replay_command.h"
#include "report/analyse_command.h"
#include "snapshot/snapshot_command.h"

static int init_once_more(void *run, const struct options *o)
{
	return init_again(run, o);
}

static int init_replay_command(const struct options *o)
{
	struct init_run *run;
	int status = init_keep(o, &run);

	if (status == EXIT_DONE)
		status = replay_runs(o, init_once_more, run);
	init_forget(run);
	return status;
}

static int version_command(const struct options *o)
{
	(void)o;
	puts("ioriot " IORIOT_VERSION);
	return EXIT_DONE;
}

static int help_command(const struct options *o)
{
	struct buf text = BUF_INIT;
	int status = EXIT_DONE;

	(void)o;
	options_help(&text);
	if (buf_ok(&text)) {
		fwrite(text.p, 1, text.len, stdout);
	} else {
		perror("ioriot");
		status = EXIT_FAILED;
	}
	buf_free(&text);
	return status;
}

static int (*const commands[])(const struct options *) = {
	[COMMAND_CAPTURE] = capture_command,
	[COMMAND_GENERATE] = generate_command,
	[COMMAND_INIT] = init_command,
	[COMMAND_REPLAY] = replay_command,
	[COMMAND_INIT_REPLAY] = init_replay_command,
	[COMMAND_TRASH] = trash_command,
	[COMMAND_PURGE] = purge_command,
	[COMMAND_DROP_CACHES] = drop_caches_command,
	[COMMAND_CHECK] = check_command,
	[COMMAND_COMPARE] = compare_command,
	[COMMAND_ANALYSE] = analyse_command,
	[COMMAND_IMPORT] = import_command,
	[COMMAND_SNAPSHOT] = snapshot_command,
	[COMMAND_CONTROL] = control_command,
	[COMMAND_VERSION] = version_command,
	[COMMAND_HELP] = help_command,
};

int main(int argc, char **argv)
{
	struct options options;
	struct err err = {0};
	int status;

	if (options_parse(&options, argc, argv, &err)) {
		fprintf(stderr, "ioriot: %s\n", err.text);
		return EXIT_USAGE;
	}
	status = commands[options.command](&options);
	/* a summary that could not be written is a failure too: "ioriot ... > /dev/full" */
	if ((fflush(stdout) || ferror(stdout)) && status == EXIT_DONE) {
		perror("ioriot: standard output");
		status = EXIT_FAILED;
	}
	return status;
}
