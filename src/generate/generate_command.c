/* SPDX-License-Identifier: Apache-2.0 */
#include "generate/generate_command.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "generate/generate.h"
#include "tree/tree.h"
#include "utils/human.h"
#include "utils/progress.h"

static void show_progress(void *user, double share, uint64_t records)
{
	progress_show(user, &(struct progress_state){.share = share, .count = records,
				    .unit = "records"});
}

/*
 * The directory of --root, absolute. Its .ioriot is made now: it says that trees may stand there,
 * so that init and replay on this host need no --root of their own.
 */
static int take_root(const char *given, char **root, struct err *err)
{
	char *path = realpath(given, NULL), *dir = NULL;
	struct stat st;

	if (!path)
		return err_sys(err, errno, "--root %s", given);
	if (stat(path, &st) || !S_ISDIR(st.st_mode)) {
		free(path);
		return err_set(err, ENOTDIR, "--root %s: not a directory", given);
	}
	if (strcmp(path, "/") == 0)
		path[0] = '\0';
	if (asprintf(&dir, "%s/" TREE_DIR, path) < 0) {
		free(path);
		return err_sys(err, ENOMEM, "--root %s", given);
	}
	if (mkdir(dir, 0755) && errno != EEXIST) {
		int code = errno;

		err_sys(err, code, "cannot make %s", dir);
		free(dir);
		free(path);
		return -code;
	}
	free(dir);
	*root = path;
	return 0;
}

static void print_unknown(const struct generate_result *res)
{
	uint64_t others = res->left_out[LEFT_UNKNOWN_OP];
	unsigned i;

	for (i = 0; i < res->unknowns; i++) {
		printf("    %10s  %" PRIu64 " x %s, first in line %" PRIu64 "\n", "",
			res->unknown[i].count, res->unknown[i].name, res->unknown[i].line);
		others -= res->unknown[i].count;
	}
	if (others)
		printf("    %10s  %" PRIu64 " x others\n", "", others);
}

static void print_left_out(const struct generate_result *res)
{
	uint64_t total = 0;
	int i;

	for (i = 1; i < LEFT_COUNT; i++)
		total += res->left_out[i];
	if (!total)
		return;
	printf("  left out: %" PRIu64 " records\n", total);
	for (i = 1; i < LEFT_COUNT; i++) {
		if (!res->left_out[i])
			continue;
		printf("    %10" PRIu64 "  %s\n", res->left_out[i], left_out_texts[i]);
		if (i == LEFT_UNKNOWN_OP)
			print_unknown(res);
		if (i == LEFT_MALFORMED)
			printf("    %10s  the first one: %s\n", "", res->malformed);
	}
}

static const char *const faults_texts[] = {
	[FAULTS_NONE] = "not captured, taken to be all of shared maps for writing, and none of others",
	[FAULTS_PAGEMAP] = "those in page tables when maps were synced or ended; order and times are not "
			   "known",
	[FAULTS_EVENTS] = "those of page faults",
};

static void print_result(const struct options *o, const struct generate_result *res)
{
	char size[HUMAN_LEN], data[HUMAN_LEN];

	printf("%s: %" PRIu64 " operations of %u processes, %u threads; %" PRIu64
	       " ordering edges between threads\n",
		o->replay, res->operations, res->processes, res->threads, res->edges);
	printf("  existed before: %" PRIu64 " directories, %" PRIu64 " files (%s, of which %s is data), "
	       "%" PRIu64 " links, %" PRIu64 " others\n",
		res->init.directories, res->init.files, human_bytes(size, (double)res->init.size),
		human_bytes(data, (double)res->init.data), res->init.links, res->init.others);
	print_left_out(res);
	if (res->reordered)
		printf("  put in order by their results: %" PRIu64 " calls that overlapped another\n",
			res->reordered);
	if (res->outside)
		printf("  made by others: %" PRIu64 " operations that explain what the program saw\n",
			res->outside);
	if (res->forced)
		printf("  contradict what was captured before: %" PRIu64
		       " calls, %" PRIu64 " of them on names that nothing captured made; these will diverge\n",
			res->forced, res->appeared);
	if (res->reused)
		printf("  descriptors and maps whose end was not captured, since their number or address came again: "
		       "%" PRIu64 "\n",
			res->reused);
	if (res->unsure)
		printf("  submissions whose descriptor was closed, and its number opened again, before they were over, "
		       "so that it is not known which file they found: %" PRIu64 "\n",
			res->unsure);
	if (res->granted)
		printf("  used by root without permission, which INIT gives to the owner: %" PRIu64
		       " times\n",
			res->granted);
	if (res->maps)
		printf("  memory maps of files: %" PRIu64 "; pages that were touched: %s\n", res->maps,
			faults_texts[res->faults]);
	if (res->lost)
		printf("  the capture itself lost %" PRIu64 " records\n", res->lost);
	if (res->cut)
		printf("  the capture was cut short: its end is missing\n");
}

int generate_command(const struct options *o)
{
	struct generate_request q = {.capture = o->capture, .replay = o->replay,
		.name = o->name ? o->name : "test0", .progress = show_progress};
	struct generate_result *res = calloc(1, sizeof(*res));
	struct progress progress;
	struct err err = {0};
	char *root = NULL;
	int rc;

	if (!res)
		rc = err_sys(&err, ENOMEM, "cannot start");
	else if (!tree_name_valid(str_of(q.name)))
		rc = err_set(&err, EINVAL,
			"-n %s: a test's name is 1 to 64 of A-Z a-z 0-9 . _ - and starts with no dot",
			q.name);
	else
		rc = o->root ? take_root(o->root, &root, &err) : 0;
	if (!rc) {
		progress_start(&progress, "generate", o->quiet);
		q.user = &progress;
		q.root = root;
		rc = generate(&q, res, &err);
		progress_end(&progress);
	}
	if (rc)
		fprintf(stderr, "ioriot: %s\n", err.text);
	else if (!o->quiet)
		print_result(o, res);
	if (!rc && (res->lost || res->cut || res->left_out[LEFT_MALFORMED]))
		rc = EXIT_DIVERGED;
	else if (rc)
		rc = EXIT_FAILED;
	free(res);
	free(root);
	return rc;
}
