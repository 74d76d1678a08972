/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "suites.h"

/* Runs the suites that the arguments name, or all. Exit status 1 when a test failed. */

static const struct {
	const char *name;
	Suite *(*make)(void);
} suites[] = {
#define SUITE(name) {#name, name##_suite},
#include "suites.def"
#undef SUITE
};

static int wanted(const char *name, char **names)
{
	for (; *names; names++)
		if (strcmp(*names, name) == 0)
			return 1;
	return 0;
}

static int run(Suite *suite)
{
	SRunner *runner = srunner_create(suite);
	int failed;

	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed;
}

int main(int argc, char **argv)
{
	int failed = 0, ran = 0;
	size_t i;

	setenv("CK_DEFAULT_TIMEOUT", "60", 0); /* what hangs is ended; a busy machine is waited for */
	for (i = 0; i < sizeof(suites) / sizeof(*suites); i++) {
		if (argc > 1 && !wanted(suites[i].name, argv + 1))
			continue;
		failed += run(suites[i].make());
		ran++;
	}
	if (ran == 0)
		fprintf(stderr, "no suite has such a name\n");
	return failed || ran == 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
