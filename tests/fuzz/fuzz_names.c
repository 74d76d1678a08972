/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include "events/events.h"
#include "fuzz.h"

void fuzz_names(const uint8_t *data, size_t len)
{
	struct err err = {0};
	struct fuzz_file in;
	struct events *e;
	int rc, again;

	fuzz_file_put(&in, data, len);
	if (events_start(&e, 0, (struct str){"x", 1}, &err))
		fuzz_fail(err.text, "", 0);
	events_name_inodes(e);
	rc = events_names_from(e, in.path, &err);
	if (rc && rc != -EBADMSG)
		fuzz_fail(err.text, (const char *)data, len);
	if (rc && !*err.text)
		fuzz_fail("refused without a word", (const char *)data, len);
	again = events_names_from(e, in.path, &err); /* into a table that has them */
	if (again != rc)
		fuzz_fail("not the same the second time", (const char *)data, len);
	events_close(e);
	fuzz_file_close(&in);
}
