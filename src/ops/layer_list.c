/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/layer_list.h"

#include <errno.h>

#define EACH_MAX 1000000

_Static_assert(FAM_COUNT - FAM_Block == LAYER_COUNT - LAYER_BLOCK, "families of layers");

const char *const layer_names[LAYER_COUNT] = {
	"sys", "block", "cache", "fault", "net", "conn", "poll", "sockopt", "retrans", "proc", "uring"};

enum layer layer_of(enum op_id op)
{
	enum op_family family = ops[op].family;

	return family < FAM_Block ? LAYER_SYS : (enum layer)(LAYER_BLOCK + (int)(family - FAM_Block));
}

static int layer_find(struct str name)
{
	int i;

	for (i = 0; i < LAYER_COUNT; i++)
		if (str_eqs(name, layer_names[i]))
			return i;
	return -1;
}

static void add(struct layer_list *l, int layer, unsigned each)
{
	l->on[layer] = true;
	l->each[layer] = each;
}

/* NAME, NAME=N or all. */
static int take(struct layer_list *l, struct str word, struct err *err)
{
	const char *eq = word.len ? memchr(word.s, '=', word.len) : NULL;
	struct str name = {word.s, eq ? (size_t)(eq - word.s) : word.len};
	uint64_t each = 1;
	int layer = layer_find(name), i;

	if (str_eqs(word, "all")) {
		for (i = 0; i < LAYER_COUNT; i++)
			add(l, i, 1);
		l->files_only = false;
		return 0;
	}
	if (str_eqs(word, "vfs")) {
		l->files_only = l->files_only || !l->on[LAYER_SYS];
		add(l, LAYER_SYS, 1);
		return 0;
	}
	if (eq && (layer == LAYER_SYS || str_eqs(name, "vfs")))
		return err_set(err, EINVAL, "calls are recorded all or not at all: %.*s, not %.*s",
			(int)name.len, name.s, (int)word.len, word.s);
	if (layer < 0)
		return err_set(err, EINVAL,
			"\"%.*s\" is no layer; there are sys, vfs, block, cache, fault, net, conn, poll, sockopt, "
			"retrans, proc, uring and all",
			(int)word.len, word.len ? word.s : "");
	if (eq && (str_u64((struct str){eq + 1, word.len - name.len - 1}, &each) || each > EACH_MAX))
		return err_set(err, EINVAL, "%.*s: one event in how many, 0 to %d", (int)word.len, word.s, EACH_MAX);
	l->files_only = l->files_only && layer != LAYER_SYS;
	add(l, layer, (unsigned)each);
	return 0;
}

int layer_list_parse(struct layer_list *l, struct str text, struct err *err)
{
	struct str word;
	int rc = 0;

	*l = (struct layer_list){0};
	if (text.len == 0)
		return take(l, text, err);
	while (!rc && str_take_char(&text, ',', &word))
		rc = take(l, word, err);
	return rc;
}

bool layer_list_has_events(const struct layer_list *l)
{
	int i;

	for (i = LAYER_SYS + 1; i < LAYER_COUNT; i++)
		if (l->on[i])
			return true;
	return false;
}
