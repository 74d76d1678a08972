/* SPDX-License-Identifier: Apache-2.0 */
/* Prints what is made of the option table for other files: "man" or "completion". */
#include <stdio.h>
#include <string.h>

#include "options.h"

int main(int argc, char **argv)
{
	struct buf text = BUF_INIT;
	int failed;

	if (argc == 2 && strcmp(argv[1], "man") == 0)
		options_man(&text);
	else if (argc == 2 && strcmp(argv[1], "completion") == 0)
		options_completion(&text);
	if (!text.len || !buf_ok(&text))
		return EXIT_USAGE;
	failed = fwrite(text.p, 1, text.len, stdout) != text.len || fflush(stdout);
	buf_free(&text);
	return failed ? EXIT_FAILED : EXIT_DONE;
}
