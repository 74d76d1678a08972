/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "fuzz.h"
#include "import/import.h"
#include "trace/capture.h"

void fuzz_import(const uint8_t *data, size_t len)
{
	struct import_result res;
	struct capture_reader *r;
	struct err err = {0};
	struct fuzz_file in, out;
	struct rec rec;
	int rc;

	fuzz_file_put(&in, data, len);
	fuzz_file_put(&out, "", 0);
	rc = import_strace(in.path, out.path, &res, &err);
	if (!rc) {
		if (capture_open(&r, out.path, &err))
			fuzz_fail(err.text, "", 0);
		while ((rc = capture_next(r, &rec, &err)) > 0)
			;
		if (rc)
			fuzz_fail(err.text, (const char *)data, len);
		if (capture_cut(r))
			fuzz_fail("the capture has no end", (const char *)data, len);
		capture_close(r);
	}
	fuzz_file_close(&in);
	fuzz_file_close(&out);
}
