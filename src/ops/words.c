/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/words.h"

#include <errno.h>
#include <fnmatch.h>
#include <stdio.h>
#include <string.h>

bool words_match(struct str pattern, const char *text)
{
	char copy[512];

	if (pattern.len >= sizeof(copy))
		return false;
	memcpy(copy, pattern.s, pattern.len);
	copy[pattern.len] = '\0';
	return fnmatch(copy, text, 0) == 0;
}

bool words_name(struct str word, const struct op *op)
{
	return words_match(word, op->name) || str_eqs(word, op_family_names[op->family]) ||
	       str_eqs(word, op_class_names[op->cls]);
}

/* Calls of Linux that captures do not have. */
static bool names_others(struct str word)
{
	unsigned i;

	for (i = 0; i < other_call_count; i++)
		if (words_match(word, other_calls[i].name) || str_eqs(word, op_family_names[other_calls[i].family]))
			return true;
	return false;
}

static int wrong_word(
	struct err *err, const char *option, const char *text, struct str word, const char *at, bool others)
{
	char what[160];

	snprintf(what, sizeof(what), "\"%.*s\" %s", (int)(word.len < 64 ? word.len : 64), word.len ? word.s : "",
		others ? "names calls that are not recorded" : "is no operation, family or class");
	return err_place(err, option, what, text, at ? (size_t)(at - text) : 0);
}

int words_choose(bool wanted[OP_COUNT], const char *text, const char *option, struct err *err)
{
	struct str rest = str_of(text), word;
	unsigned i;

	for (i = 0; i < OP_COUNT; i++)
		wanted[i] = text[0] == '!';
	while (str_take_char(&rest, ',', &word)) {
		bool take = !(word.len && word.s[0] == '!'), known = false, others;
		struct str name = take ? word : (struct str){word.s + 1, word.len - 1};

		for (i = 0; i < OP_COUNT && name.len; i++) {
			if (ops[i].flags & (OPF_STATE | OPF_LAYER) || !words_name(name, &ops[i]))
				continue;
			wanted[i] = take;
			known = true;
		}
		others = !known && name.len && names_others(name);
		if (!known && (take || !others))
			return wrong_word(err, option, text, name, name.len ? name.s : word.s, others);
	}
	return 0;
}

bool words_always(enum op_id op)
{
	switch (op) {
	case OP_close:
	case OP_close_range:
	case OP_chdir:
	case OP_fchdir:
	case OP_execve:
	case OP_execveat:
	case OP_exit:
	case OP_exit_group:
	case OP_sendmsg:
	case OP_sendmmsg:
	case OP_recvmsg:
	case OP_recvmmsg:
	case OP_io_uring_enter:
	case OP_io_uring_register:
		return true;
	default:
		return ops[op].flags & (OPF_STATE | OPF_FORK | OPF_NEWFD | OPF_LAYER) || ops[op].family == FAM_State ||
		       op_has(op, A_FDS);
	}
}

bool words_unseen(const bool *wanted, enum op_id op)
{
	if (!wanted || wanted[op] || op_nr(op) < 0)
		return false;
	return ops[op].family != FAM_Memory || !(wanted[OP_map_read] || wanted[OP_map_write]);
}
