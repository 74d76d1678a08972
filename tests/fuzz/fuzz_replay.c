/* SPDX-License-Identifier: Apache-2.0 */
#include "fuzz.h"

#include "../common/samples.h"
#include "trace/replay_lines.h"

struct twice {
	struct replay_scratch first, second;
	struct buf printed;
};

/* The printed line without its LF. */
static struct str printed_line(const struct twice *t)
{
	return (struct str){t->printed.p, t->printed.len - 1};
}

/* TEXT as it is in a file, with exactly as much behind it. */
static struct str in_a_file(struct str text)
{
	char *p = calloc(1, text.len + LINES_SLACK);

	if (!p)
		abort();
	if (text.len)
		memcpy(p, text.s, text.len);
	p[text.len] = '\n';
	return (struct str){p, text.len};
}

static void check_op(struct twice *t, struct str text)
{
	struct rline a, b;
	struct flaw flaw;
	const char *differs;

	if (replay_op_line(&t->first, text, &a, &flaw))
		return;
	t->printed.len = 0;
	replay_print(&t->printed, &a);
	buf_reserve(&t->printed, LINES_SLACK);
	if (replay_op_line(&t->second, printed_line(t), &b, &flaw))
		fuzz_fail(flaw.what, t->printed.p, t->printed.len);
	differs = rline_difference(&a, &b);
	if (differs)
		fuzz_fail(differs, t->printed.p, t->printed.len);
}

static void check_init(struct twice *t, struct str text)
{
	struct init_line a, b;
	struct flaw flaw;
	const char *differs;

	if (replay_init_line(&t->first, text, &a, &flaw))
		return;
	t->printed.len = 0;
	replay_print_init(&t->printed, &a);
	if (replay_init_line(&t->second, printed_line(t), &b, &flaw))
		fuzz_fail(flaw.what, t->printed.p, t->printed.len);
	differs = init_difference(&a, &b);
	if (differs)
		fuzz_fail(differs, t->printed.p, t->printed.len);
}

static void free_scratch(struct replay_scratch *s)
{
	buf_free(&s->path);
	buf_free(&s->path2);
	vec_free(&s->vec);
	vec_free(&s->deps);
	vec_free(&s->list);
}

static void check_lines(struct str text)
{
	struct twice t = {0};
	struct str line;

	while (str_take_char(&text, '\n', &line)) {
		struct str copy = in_a_file(line);

		check_op(&t, copy);
		check_init(&t, line);
		free((void *)(uintptr_t)copy.s);
	}
	free_scratch(&t.first);
	free_scratch(&t.second);
	buf_free(&t.printed);
}

/* The same bytes as a file: sections, marks and what is cut. */
static void read_file(struct str text)
{
	struct buf file = BUF_INIT;
	struct replay_reader *r;
	struct init_line init;
	struct fuzz_file f;
	struct rline line;

	buf_puts(&file, "#|replay_version=4|\n");
	buf_str(&file, text);
	fuzz_file_put(&f, file.p, file.len);
	if (replay_open(&r, f.path, NULL))
		fuzz_fail("cannot open", f.path, strlen(f.path));
	while (replay_next(r, &line, NULL) == 1)
		;
	while (replay_next_init(r, &init, NULL) == 1)
		;
	replay_close(r);
	fuzz_file_close(&f);
	buf_free(&file);
}

void fuzz_replay(const uint8_t *data, size_t len)
{
	struct str text = {(const char *)data, len};

	check_lines(text);
	read_file(text);
}
