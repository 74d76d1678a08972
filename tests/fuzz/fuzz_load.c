/* SPDX-License-Identifier: Apache-2.0 */
#include "fuzz.h"

#include <stdio.h>
#include <string.h>

#include "init/plan.h"
#include "replay/program.h"

/* A replay of any lines is loaded, and planned by init, or refused with a sentence. */

static int load(const char *path, const char *root, struct err *err)
{
	struct options o = {.replay = path, .processes = 2, .threads = 2};
	struct program p;
	int rc = program_load(&p, &o, root, err);

	program_free(&p);
	return rc;
}

static int plan(const char *path, const char *root, struct err *err)
{
	struct progress progress = {0};
	struct plan p;
	int rc = plan_read(&p, path, NULL, root, 0, &progress, err);

	plan_free(&p);
	return rc;
}

static void show(const char *path)
{
	FILE *f = fopen(path, "r");
	char line[4096];

	while (f && fgets(line, sizeof(line), f))
		fputs(line, stderr);
	if (f)
		fclose(f);
}

void fuzz_steps(const char *path, const char *root, bool written)
{
	struct err err = {0};
	int rc = load(path, root, &err);

	if (rc == 0)
		rc = plan(path, root, &err);
	if (rc && !err.text[0])
		fuzz_fail("refused without a sentence", "", 0);
	/* where all was left out there may be nothing that tells where the tree is */
	if (!rc || !written || strstr(err.text, "relative paths, but no path"))
		return;
	show(path);
	fuzz_fail("what generate wrote is refused", err.text, strlen(err.text));
}

void fuzz_load(const uint8_t *data, size_t len)
{
	struct buf text = BUF_INIT;
	struct fuzz_file f;

	buf_puts(&text, len && data[0] & 1 ? "#|replay_version=4|name=t1|layout=mounts|id=abc1|uid=1000|\n" :
					     "#|replay_version=4|name=t1|layout=root|id=abc1|\n");
	if (len)
		buf_add(&text, data + 1, len - 1);
	if (!len || !(data[0] & 2))
		buf_puts(&text, "\n#INIT\n#END\n");
	fuzz_file_put(&f, text.p, text.len);
	fuzz_steps(f.path, len && data[0] & 4 ? "/r" : NULL, false);
	fuzz_file_close(&f);
	buf_free(&text);
}
