/* SPDX-License-Identifier: Apache-2.0 */
#include "events/filter.h"

#include <errno.h>
#include <inttypes.h>
#include <regex.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "datas/buf.h"
#include "trace/replay.h"

#define DEPTH_MAX 100 /* parentheses and "!" within each other */

enum node_kind { NODE_OR, NODE_AND, NODE_NOT, NODE_TEST };

enum operator { OP_TRUE, OP_EQ, OP_NE, OP_LT, OP_LE, OP_GT, OP_GE, OP_MATCH, OP_NO_MATCH, OP_IN };

struct value {
	struct str text; /* in the filter's own copy */
	int64_t number;
};

struct filter {
	enum node_kind kind;
	struct filter *a, *b; /* of OR, AND, NOT */
	const struct column *column;
	enum operator op;
	VEC(struct value) values;
	regex_t regex;
	bool has_regex;
	char *text; /* of the root: the copy that values point to */
};

struct parser {
	const char *text; /* as given */
	const char *at;
	unsigned depth;
	struct err *err;
};

/* ---- messages ---- */

static int wrong(struct parser *p, const char *at, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

static int wrong(struct parser *p, const char *at, const char *fmt, ...)
{
	char what[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	return err_place(p->err, "-F", what, p->text, (size_t)(at - p->text));
}

/* ---- words ---- */

static void skip_blanks(struct parser *p)
{
	while (*p->at == ' ' || *p->at == '\t' || *p->at == '\n')
		p->at++;
}

static bool take_sign(struct parser *p, const char *sign)
{
	skip_blanks(p);
	if (strncmp(p->at, sign, strlen(sign)) != 0)
		return false;
	p->at += strlen(sign);
	return true;
}

static bool is_word(char c)
{
	return c && !strchr(" \t\n()&|!=<>~,'\"", c);
}

static struct str take_word(struct parser *p)
{
	struct str word;

	skip_blanks(p);
	word.s = p->at;
	while (is_word(*p->at))
		p->at++;
	word.len = (size_t)(p->at - word.s);
	return word;
}

/* A word, or what stands in quotes; {NULL} after a message. */
static struct str take_text(struct parser *p)
{
	const char *start, *end;
	struct str word;

	skip_blanks(p);
	start = p->at;
	if (*start == '\'' || *start == '"') {
		end = strchr(start + 1, *start);
		if (!end) {
			wrong(p, start, "this quote is never closed");
			return STR_NONE;
		}
		p->at = end + 1;
		return (struct str){start + 1, (size_t)(end - start - 1)};
	}
	word = take_word(p);
	if (!word.len) {
		wrong(p, p->at, *p->at ? "a value is expected here, in quotes when it is more than a word"
				       : "a value is expected at the end");
		return STR_NONE;
	}
	return word;
}

struct unit {
	const char *name;
	int64_t factor;
	bool time;
};

static const struct unit units[] = {{"ns", 1, true}, {"us", 1000, true}, {"ms", 1000000, true},
	{"s", 1000000000, true}, {"k", 1000, false}, {"M", 1000000, false}, {"G", 1000000000, false},
	{"Ki", 1 << 10, false}, {"Mi", 1 << 20, false}, {"Gi", 1 << 30, false}};

/* "1.5ms", "4Ki", "-2". */
static int parse_number(struct parser *p, struct str word, bool time, int64_t *out)
{
	size_t i, digits = 0;
	int64_t factor = 1;
	char copy[32], *end;
	double value;

	while (digits < word.len && strchr("-.0123456789", word.s[digits]))
		digits++;
	if (digits == word.len && str_i64(word, out) == 0)
		return 0;
	if (digits && digits < word.len) {
		for (i = 0; i < sizeof(units) / sizeof(*units); i++)
			if (str_eqs((struct str){word.s + digits, word.len - digits}, units[i].name))
				break;
		if (i == sizeof(units) / sizeof(*units) || units[i].time != time)
			return wrong(p, word.s + digits, "units are %s",
				time ? "ns, us, ms and s" : "k, M, G, Ki, Mi and Gi");
		factor = units[i].factor;
	}
	if (!digits || digits >= sizeof(copy))
		return wrong(p, word.s, "a number is expected here");
	memcpy(copy, word.s, digits);
	copy[digits] = '\0';
	value = strtod(copy, &end) * (double)factor;
	if (*end || end == copy || value >= 9.2e18 || value <= -9.2e18)
		return wrong(p, word.s, "this is no number");
	*out = (int64_t)value;
	if ((double)*out != value)
		return wrong(p, word.s, "this is not a whole number%s", time ? " of ns" : "");
	return 0;
}

/* ---- words of which there are so many ---- */

static bool is_operation(struct str word)
{
	return event_find(word) >= 0;
}

static bool is_among(struct str word, const char *const *names, unsigned n)
{
	while (n)
		if (str_eqs(word, names[--n]))
			return true;
	return false;
}

static bool is_family(struct str word)
{
	return is_among(word, op_family_names, FAM_COUNT);
}

static bool is_class(struct str word)
{
	return is_among(word, op_class_names, CLS_COUNT);
}

/* Its name, also of one without a name, or its number, or none. */
static bool is_error(struct str word)
{
	uint64_t number;

	if (word.len && word.s[0] == 'E' && str_u64((struct str){word.s + 1, word.len - 1}, &number) == 0)
		return true;
	return !word.len || errno_by_name(word) || str_u64(word, &number) == 0;
}

static const struct {
	const char *column;
	bool (*knows)(struct str word);
	const char *what;
} known_words[] = {{"op", is_operation, "operation"}, {"family", is_family, "family"}, {"class", is_class, "class"},
	{"error", is_error, "error"}};

/* A word that no call can have is a mistake. */
static int check_word(struct parser *p, const struct filter *f, struct str word)
{
	size_t i;

	for (i = 0; i < sizeof(known_words) / sizeof(*known_words); i++)
		if (str_eqs(str_of(f->column->name), known_words[i].column) && !known_words[i].knows(word))
			return wrong(p, word.s, "there is no %s \"%.*s\"%s", known_words[i].what,
				(int)(word.len < 64 ? word.len : 64), word.s,
				known_words[i].knows == is_operation ? "; a pattern goes with =~" : "");
	return 0;
}

static int take_value(struct parser *p, struct filter *f)
{
	struct str text = take_text(p);
	struct value *v;

	if (!text.s)
		return -EINVAL;
	v = vec_push(&f->values);
	if (!v)
		return err_sys(p->err, ENOMEM, "-F");
	v->text = text;
	if (f->column->type == COLUMN_TEXT)
		return check_word(p, f, text);
	return parse_number(p, text, f->column->type == COLUMN_TIME, &v->number);
}

/* ---- tests ---- */

static int take_regex(struct parser *p, struct filter *f)
{
	struct str text = take_text(p);
	char *copy, why[128];
	int rc;

	if (!text.s)
		return -EINVAL;
	if (f->column->type != COLUMN_TEXT)
		return wrong(p, text.s, "%s is a number, which has no pattern", f->column->name);
	copy = strndup(text.s, text.len);
	if (!copy)
		return err_sys(p->err, ENOMEM, "-F");
	rc = regcomp(&f->regex, copy, REG_EXTENDED | REG_NOSUB);
	free(copy);
	if (rc) {
		regerror(rc, &f->regex, why, sizeof(why));
		return wrong(p, text.s, "this regular expression: %s", why);
	}
	f->has_regex = true;
	return 0;
}

static int take_list(struct parser *p, struct filter *f)
{
	int rc;

	if (!take_sign(p, "("))
		return wrong(p, p->at, "\"in\" needs a list: (A, B)");
	do {
		rc = take_value(p, f);
		if (rc)
			return rc;
	} while (take_sign(p, ","));
	return take_sign(p, ")") ? 0 : wrong(p, p->at, "\",\" or \")\" is expected here");
}

static bool take_in(struct parser *p)
{
	const char *before = p->at;

	if (str_eqs(take_word(p), "in"))
		return true;
	p->at = before;
	return false;
}

static int take_operator(struct parser *p, struct filter *f)
{
	static const struct {
		const char *sign;
		enum operator op;
	} signs[] = {{"==", OP_EQ}, {"!=", OP_NE}, {"<=", OP_LE}, {"<", OP_LT}, {">=", OP_GE}, {">", OP_GT},
		{"=~", OP_MATCH}, {"!~", OP_NO_MATCH}};
	const char *at;
	size_t i;

	skip_blanks(p);
	at = p->at;
	for (i = 0; i < sizeof(signs) / sizeof(*signs); i++)
		if (take_sign(p, signs[i].sign))
			break;
	if (i == sizeof(signs) / sizeof(*signs)) {
		if (*p->at == '=')
			return wrong(p, at, "equality is \"==\"");
		if (take_in(p)) {
			f->op = OP_IN;
			return take_list(p, f);
		}
		f->op = OP_TRUE;
		return 0;
	}
	f->op = signs[i].op;
	if (f->op == OP_MATCH || f->op == OP_NO_MATCH)
		return take_regex(p, f);
	if (f->column->type == COLUMN_TEXT && f->op != OP_EQ && f->op != OP_NE)
		return wrong(p, at, "%s is text: ==, !=, =~, !~ and in compare it", f->column->name);
	return take_value(p, f);
}

static struct filter *node_new(struct parser *p, enum node_kind kind)
{
	struct filter *f = calloc(1, sizeof(*f));

	if (!f)
		err_sys(p->err, ENOMEM, "-F");
	else
		f->kind = kind;
	return f;
}

static int take_test(struct parser *p, struct filter **out)
{
	struct str word = take_word(p);
	struct filter *f;

	if (!word.len)
		return wrong(p, p->at, *p->at ? "a column is expected here" : "a column is expected at the end");
	f = node_new(p, NODE_TEST);
	if (!f)
		return -ENOMEM;
	*out = f;
	f->column = column_find(word);
	if (!f->column)
		return wrong(p, word.s, "there is no column \"%.*s\"; there are %s",
			(int)(word.len < 64 ? word.len : 64), word.s,
			column_names().s);
	return take_operator(p, f);
}

/* ---- expressions ---- */

static int take_or(struct parser *p, struct filter **out);

static int take_not(struct parser *p, struct filter **out)
{
	const char *at = (skip_blanks(p), p->at);
	int rc;

	if (*at != '!' && *at != '(')
		return take_test(p, out);
	if (++p->depth > DEPTH_MAX)
		return wrong(p, at, "more than %d levels", DEPTH_MAX);
	p->at++;
	if (*at == '!') {
		*out = node_new(p, NODE_NOT);
		rc = *out ? take_not(p, &(*out)->a) : -ENOMEM;
	} else {
		rc = take_or(p, out);
		if (!rc && !take_sign(p, ")"))
			rc = wrong(p, p->at, *p->at ? "an operator or \")\" is expected here"
						    : "the parenthesis is never closed");
	}
	p->depth--;
	return rc;
}

static int take_chain(struct parser *p, struct filter **out, enum node_kind kind, const char *sign,
	int (*part)(struct parser *p, struct filter **out))
{
	struct filter *both;
	int rc = part(p, out);

	while (!rc && take_sign(p, sign)) {
		both = node_new(p, kind);
		if (!both)
			return -ENOMEM;
		both->a = *out;
		*out = both;
		rc = part(p, &both->b);
	}
	return rc;
}

static int take_and(struct parser *p, struct filter **out)
{
	return take_chain(p, out, NODE_AND, "&&", take_not);
}

static int take_or(struct parser *p, struct filter **out)
{
	return take_chain(p, out, NODE_OR, "||", take_and);
}

int filter_parse(struct filter **out, const char *text, struct err *err)
{
	char *copy = strdup(text);
	struct parser p = {.text = copy, .at = copy, .err = err};
	struct filter *f = NULL;
	int rc;

	if (!copy)
		return err_sys(err, ENOMEM, "-F");
	rc = take_or(&p, &f);
	skip_blanks(&p);
	if (!rc && *p.at)
		rc = wrong(&p, p.at, "\"&&\" or \"||\" is expected here");
	if (rc) {
		filter_free(f);
		free(copy);
		return rc;
	}
	f->text = copy;
	*out = f;
	return 0;
}

void filter_free(struct filter *f)
{
	if (!f)
		return;
	filter_free(f->a);
	filter_free(f->b);
	if (f->has_regex)
		regfree(&f->regex);
	vec_free(&f->values);
	free(f->text);
	free(f);
}

/* ---- matching ---- */

static bool text_is(const struct filter *f, const struct event *ev, struct str have, struct str want)
{
	uint64_t number;

	if (str_eq(have, want))
		return true;
	return str_eqs(str_of(f->column->name), "error") && str_u64(want, &number) == 0 &&
	       number == (uint64_t)ev->error;
}

/* regexec() wants a string; there are no NUL bytes in names. */
static bool pattern_fits(const struct filter *f, struct str have)
{
	char room[4096], *copy = have.len < sizeof(room) ? room : malloc(have.len + 1);
	bool fits;

	if (!copy)
		return false;
	if (have.len)
		memcpy(copy, have.s, have.len);
	copy[have.len] = '\0';
	fits = regexec(&f->regex, copy, 0, NULL, 0) == 0;
	if (copy != room)
		free(copy);
	return fits;
}

static bool text_matches(const struct filter *f, const struct event *ev)
{
	char scratch[COLUMN_SCRATCH];
	struct str have = f->column->text(ev, scratch);
	size_t i;

	switch (f->op) {
	case OP_TRUE:
		return have.len > 0;
	case OP_MATCH:
		return pattern_fits(f, have);
	case OP_NO_MATCH:
		return !pattern_fits(f, have);
	default:
		break;
	}
	for (i = 0; i < f->values.n; i++)
		if (text_is(f, ev, have, f->values.v[i].text))
			return f->op != OP_NE;
	return f->op == OP_NE;
}

static bool number_matches(const struct filter *f, const struct event *ev)
{
	int64_t have = f->column->number(ev), want = f->values.n ? f->values.v[0].number : 0;
	size_t i;

	switch (f->op) {
	case OP_TRUE:
	case OP_NE:
		return have != want;
	case OP_EQ:
		return have == want;
	case OP_LT:
		return have < want;
	case OP_LE:
		return have <= want;
	case OP_GT:
		return have > want;
	case OP_GE:
		return have >= want;
	default:
		break;
	}
	for (i = 0; i < f->values.n; i++)
		if (f->values.v[i].number == have)
			return true;
	return false;
}

bool filter_matches(const struct filter *f, const struct event *ev)
{
	switch (f->kind) {
	case NODE_OR:
		return filter_matches(f->a, ev) || filter_matches(f->b, ev);
	case NODE_AND:
		return filter_matches(f->a, ev) && filter_matches(f->b, ev);
	case NODE_NOT:
		return !filter_matches(f->a, ev);
	default:
		return f->column->type == COLUMN_TEXT ? text_matches(f, ev) : number_matches(f, ev);
	}
}

/* ---- what is known before there is a record ---- */

enum maybe { NO, PERHAPS, YES }; /* in this order */

/* Calls of one operation, of which there may be known: */
struct guess {
	unsigned op;
	enum { ANY_RESULT, WORKED, FAILED } result;
	int64_t below;	     /* they took less time than that; 0: unknown */
	const char *other; /* a column: it is none of those that tests name; NULL: unknown */
};

static enum maybe certain(bool is)
{
	return is ? YES : NO;
}

/* Of a test of a number that lies between LOW and HIGH. */
static enum maybe in_range(const struct filter *f, int64_t low, int64_t high)
{
	int64_t want = f->values.n ? f->values.v[0].number : 0;
	bool outside = want < low || want > high;
	size_t i;

	switch (f->op) {
	case OP_EQ:
		return outside ? NO : low == high ? YES : PERHAPS;
	case OP_TRUE:
	case OP_NE:
		return outside ? YES : low == high ? NO : PERHAPS;
	case OP_LT:
		return high < want ? YES : low >= want ? NO : PERHAPS;
	case OP_LE:
		return high <= want ? YES : low > want ? NO : PERHAPS;
	case OP_GT:
		return low > want ? YES : high <= want ? NO : PERHAPS;
	case OP_GE:
		return low >= want ? YES : high < want ? NO : PERHAPS;
	default:
		break;
	}
	for (i = 0; i < f->values.n; i++)
		if (f->values.v[i].number >= low && f->values.v[i].number <= high)
			return PERHAPS;
	return NO;
}

/* Of a test of what is none of those that tests name. */
static enum maybe of_another(const struct filter *f)
{
	return f->op == OP_EQ || f->op == OP_IN ? NO : f->op == OP_NE ? YES : PERHAPS;
}

static bool is_column(const struct filter *f, const char *name)
{
	return str_eqs(str_of(f->column->name), name);
}

/* Only transfers have bytes, and only when they worked. */
static bool no_bytes(const struct guess *g, const struct event *ev)
{
	return g->result == FAILED || event_class(ev) == CLS_UNCLASSIFIED;
}

static enum maybe guess_test(const struct filter *f, const struct guess *g)
{
	const struct event ev = {.op = g->op};

	if (f->column->per_op || (g->result == WORKED && is_column(f, "error")))
		return certain(filter_matches(f, &ev));
	if (is_column(f, "ret") && g->result)
		return g->result == WORKED ? in_range(f, 0, INT64_MAX) : in_range(f, INT64_MIN, -1);
	if ((is_column(f, "bytes") || is_column(f, "read") || is_column(f, "written")) && no_bytes(g, &ev))
		return in_range(f, 0, 0);
	if (is_column(f, "latency") && g->below)
		return in_range(f, 0, g->below - 1);
	if (g->other && is_column(f, g->other))
		return of_another(f);
	return PERHAPS;
}

static enum maybe guess(const struct filter *f, const struct guess *g)
{
	enum maybe a, b;

	if (f->kind == NODE_TEST)
		return guess_test(f, g);
	a = guess(f->a, g);
	if (f->kind == NODE_NOT)
		return (enum maybe)(YES - a);
	b = guess(f->b, g);
	return (f->kind == NODE_OR) == (a > b) ? a : b;
}

bool filter_allows(const struct filter *f, unsigned op)
{
	return guess(f, &(struct guess){.op = op}) != NO;
}

/* The greatest time below which the filter lets no call through, among those that its tests name. */
static int64_t least_latency(const struct filter *root, const struct filter *f, unsigned op)
{
	int64_t most = 0, other;
	size_t i;
	int k;

	if (f->kind != NODE_TEST) {
		most = least_latency(root, f->a, op);
		other = f->b ? least_latency(root, f->b, op) : 0;
		return most > other ? most : other;
	}
	for (i = 0; is_column(f, "latency") && i < f->values.n; i++)
		for (k = 0; k < 2; k++) { /* "> N" begins at N + 1 */
			int64_t below = f->values.v[i].number + k;

			if (below > most && guess(root, &(struct guess){.op = op, .below = below}) == NO)
				most = below;
		}
	return most;
}

static bool needs_one_of(const struct filter *f, unsigned op, const char *column)
{
	return guess(f, &(struct guess){.op = op, .other = column}) == NO;
}

void filter_need(const struct filter *f, unsigned op, struct filter_need *need)
{
	*need = (struct filter_need){
		.failed = guess(f, &(struct guess){.op = op, .result = WORKED}) == NO,
		.worked = guess(f, &(struct guess){.op = op, .result = FAILED}) == NO,
		.pids = needs_one_of(f, op, "pid"),
		.tids = needs_one_of(f, op, "tid"),
		.uids = needs_one_of(f, op, "uid"),
		.comms = needs_one_of(f, op, "comm"),
		.latency = (uint64_t)least_latency(f, f, op)};
}

/* Either may be NULL. */
static size_t named(const struct filter *f, const char *column, uint32_t *ids, struct str *names, size_t n, size_t most)
{
	size_t i;

	if (f->kind != NODE_TEST) {
		n = named(f->a, column, ids, names, n, most);
		return f->b ? named(f->b, column, ids, names, n, most) : n;
	}
	for (i = 0; is_column(f, column) && i < f->values.n; i++, n++) {
		if (n >= most)
			continue;
		if (ids)
			ids[n] = (uint32_t)f->values.v[i].number;
		if (names)
			names[n] = f->values.v[i].text;
	}
	return n;
}

size_t filter_ids(const struct filter *f, const char *column, uint32_t *out, size_t n, size_t most)
{
	return named(f, column, out, NULL, n, most);
}

size_t filter_names(const struct filter *f, const char *column, struct str *out, size_t n, size_t most)
{
	return named(f, column, NULL, out, n, most);
}

bool filter_uses(const struct filter *f, const char *column)
{
	if (f->kind == NODE_TEST)
		return str_eqs(str_of(f->column->name), column);
	return filter_uses(f->a, column) || (f->b && filter_uses(f->b, column));
}
