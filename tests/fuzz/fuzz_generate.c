/* SPDX-License-Identifier: Apache-2.0 */
#include "fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "generate/generate.h"

/*
 * A capture of any lines becomes a replay or is refused with a sentence; and a replay that generate
 * wrote is one that init and replay take.
 */
static const char head[] =
	"#|capture_version=5|backend=fuzz|arch=x86_64|start_mono=0|start_wall=0|uid=1000|\n"
	"t=1;:,D=0;:,i=0:0;:,o=state_mount;:,p=/;:,P=ext4;:,y=0x1;:,\n"
	"t=1;:,D=0;:,i=0:0;:,o=state_mount;:,p=/proc;:,P=proc;:,y=0x2;:,\n"
	"t=1;:,D=0;:,i=0:0;:,o=state_mount;:,p=/h;:,P=xfs;:,y=0x3;:,\n"
	"t=1;:,D=0;:,i=1:1;:,o=state_task;:,p=/h/w;:,P=/;:,m=022;:,U=1000;:,G=1000;:,q=0;:,\n";

void fuzz_generate(const uint8_t *data, size_t len)
{
	struct generate_result *res = malloc(sizeof(*res));
	struct buf text = BUF_INIT;
	struct fuzz_file in, out;
	const char *root = len && data[0] & 1 ? "/r" : NULL;
	struct generate_request q = {.capture = in.path, .replay = out.path, .name = "t", .root = root};
	struct err err = {0};
	int rc;

	buf_puts(&text, head);
	if (len)
		buf_add(&text, data + 1, len - 1);
	fuzz_file_put(&in, text.p, text.len);
	fuzz_file_put(&out, "", 0);
	rc = generate(&q, res, &err);
	if (rc && !err.text[0])
		fuzz_fail("refused without a sentence", "", 0);
	if (rc == 0)
		fuzz_steps(out.path, root, true);
	fuzz_file_close(&in);
	fuzz_file_close(&out);
	buf_free(&text);
	free(res);
}
