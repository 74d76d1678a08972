/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>
#include <sys/syscall.h>

#include "capture/bpf.h"
#include "capture/compat.h"
#include "ops/ops.h"
#include "ops/words.h"

#if defined(__x86_64__)
#define OP_NUMBER(x86_64, aarch64) (x86_64)
#elif defined(__aarch64__)
#define OP_NUMBER(x86_64, aarch64) (aarch64)
#endif
#include "../../systemtap/table.h"

static void add_path(struct bpf_row *to, int which, int reg, uint8_t from)
{
	to->path[which] = (uint8_t)(reg + 1);
	to->from[which] = from;
}

static void add_fetch(struct bpf_row *to, uint8_t wire, int reg)
{
	int i = to->fetch[0] != WIRE_ARG_NONE;

	to->fetch[i] = wire;
	to->fetch_arg[i] = (uint8_t)reg;
}

static void fill_row(struct bpf_row *to, const struct row *row)
{
	uint8_t from = BPF_FROM_CWD, wire;
	int i;

	*to = (struct bpf_row){.flags = row->flags,
		.op = row->op,
		.what = row->what,
		.facts = row->facts,
		.values = row->values,
		.by_fd = row->kind[0] == KIND_FD || row->kind[0] == KIND_FD2,
		.only_file = (row->flags & ROW_ONLY_FILE) != 0};
	memcpy(to->value, row->value, sizeof(to->value));
	for (i = 0; i < ROW_ARGS && row->kind[i] != KIND_NONE; i++) {
		wire = row_wire[row->kind[i]];
		switch (row->kind[i]) {
		case KIND_DIRFD:
		case KIND_DIRFD2:
			from = (uint8_t)(i + 1);
			break;
		case KIND_PATH:
		case KIND_PATH2:
			add_path(to, wire == WIRE_ARG_PATH2, i, from);
			break;
		case KIND_TARGET:
		case KIND_XNAME:
		case KIND_MEMORY:
			add_path(to, wire == WIRE_ARG_PATH2, i, BPF_FROM_NOWHERE);
			break;
		case KIND_OUT:
			to->out = (uint8_t)i;
			break;
		default:
			if (wire != WIRE_ARG_NONE && wire != WIRE_ARG_VALUE)
				add_fetch(to, wire, i);
		}
	}
}

static uint16_t sqe_of(const unsigned char kinds[ROW_ARGS])
{
	uint16_t out = 0;
	int i;

	for (i = 0; i < ROW_ARGS; i++) {
		bool second = row_wire[kinds[i]] == WIRE_ARG_PATH2;

		switch (kinds[i]) {
		case KIND_TARGET:
			out |= BPF_SQE_SWAPPED | (second ? BPF_SQE_TEXT2 : BPF_SQE_TEXT);
			/* fall through */
		case KIND_PATH:
		case KIND_PATH2:
			out |= second ? BPF_SQE_PATH2 : BPF_SQE_PATH;
			break;
		case KIND_XNAME:
			out |= BPF_SQE_NAME | BPF_SQE_TEXT2 | BPF_SQE_PATH2;
			break;
		case KIND_FILES:
			out |= BPF_SQE_FILES;
			break;
		case KIND_RIOV:
		case KIND_WIOV:
			out |= BPF_SQE_IOV;
			break;
		case KIND_HOW:
			out |= BPF_SQE_HOW;
			break;
		case KIND_XFLAGS:
			out |= BPF_SQE_LIST;
			break;
		}
	}
	return out;
}

#if defined(__x86_64__)
static const struct {
	uint16_t narrow, number;
} watched[] = {
#define COMPAT_WATCHED(nr, name) {nr, SYS_##name},
#include "ops/compat.def"
};

static struct bpf_compat_arg compat_arg_of(char letter)
{
	const uint8_t zero = BPF_COMPAT_ZERO;

	if (letter >= 'a' && letter <= 'f')
		return (struct bpf_compat_arg){BPF_COMPAT_PLAIN, (uint8_t)(letter - 'a'), zero};
	if (letter >= 'A' && letter <= 'F')
		return (struct bpf_compat_arg){BPF_COMPAT_SIGNED, (uint8_t)(letter - 'A'), zero};
	if (letter >= '0' && letter <= '4')
		return (struct bpf_compat_arg){BPF_COMPAT_PLAIN, (uint8_t)(letter - '0'), (uint8_t)(letter - '0' + 1)};
	switch (letter) {
	case '<':
		return (struct bpf_compat_arg){BPF_COMPAT_PLAIN, 2, 1};
	case 'u':
		return (struct bpf_compat_arg){BPF_COMPAT_ID16, 1, zero};
	case 'v':
		return (struct bpf_compat_arg){BPF_COMPAT_ID16, 2, zero};
	case 'p':
		return (struct bpf_compat_arg){BPF_COMPAT_PAGES, 5, zero};
	case 'i':
		return (struct bpf_compat_arg){BPF_COMPAT_ONE, zero, zero};
	default:
		return (struct bpf_compat_arg){BPF_COMPAT_PLAIN, zero, zero};
	}
}

static void fill_compat(struct bpf_compat *to, const struct compat *c)
{
	int i;

	if (!c || c->op < 0) {
		to->number = c ? COMPAT_LOSES : COMPAT_PASSED_BY;
		return;
	}
	*to = (struct bpf_compat){
		.number = (int16_t)op_nr((enum op_id)c->op), .how = c->how, .words = (uint8_t)compat_words(c)};
	for (i = 0; i < BPF_ARGS; i++)
		to->arg[i] = compat_arg_of(i < (int)strlen(c->args) ? c->args[i] : '-');
}

void bpf_compat_rows(struct bpf_compat to[COMPAT_NUMBERS])
{
	size_t i;

	for (i = 0; i < COMPAT_NUMBERS; i++)
		fill_compat(&to[i], i < COMPAT_SOCKETCALL ? compat_find(i, 0)
							  : compat_find(COMPAT_NR_SOCKETCALL, i - COMPAT_SOCKETCALL));
	for (i = 0; i < sizeof(watched) / sizeof(*watched); i++) {
		to[watched[i].narrow] = (struct bpf_compat){.number = (int16_t)watched[i].number};
		to[watched[i].narrow].arg[0] = compat_arg_of('a');
	}
}
#else
void bpf_compat_rows(struct bpf_compat to[COMPAT_NUMBERS])
{
	memset(to, 0xff, COMPAT_NUMBERS * sizeof(*to)); /* all are passed by */
}
#endif

/* What src/capture/bpf/direct.h knows of. */
static bool is_direct(const struct bpf_row *row)
{
	return row->what == ROW_CALL && !(row->flags & ~(ROW_HAS_ITEMS | ROW_ONLY_FILE)) && row->op != ROW_bind &&
	       !row->need && !row->path[1] && !row->fetch[0] &&
	       row->facts != FACTS_OF_STATX;
}

/* Calls that -E takes away: the programs do not even look at them. */
static void leave_out(const bool *wanted)
{
	int op;

	for (op = 0; op < OP_COUNT; op++)
		if (words_unseen(wanted, (enum op_id)op) && op_nr((enum op_id)op) < BPF_ROWS)
			rows[op_nr((enum op_id)op)].what = ROW_NOT_WATCHED;
}

void bpf_need(struct bpf_row to[BPF_ROWS], struct bpf_needs *ids, const struct chosen_needs *needs)
{
	int op, nr;

	for (op = 0; needs && op < OP_COUNT; op++) {
		nr = op_nr((enum op_id)op);
		if (nr < 0 || nr >= BPF_ROWS || to[nr].flags & ROW_AT_ENTRY) /* which may have told of them by then */
			continue;
		to[nr].need = chosen_need(&needs->of[op]);
		to[nr].latency = needs->of[op].latency;
	}
	if (!needs)
		return;
	memcpy(ids->pids, needs->pids, sizeof(ids->pids));
	memcpy(ids->tids, needs->tids, sizeof(ids->tids));
	memcpy(ids->uids, needs->uids, sizeof(ids->uids));
	memcpy(ids->comms, needs->comms, sizeof(ids->comms));
	ids->uid_count = needs->uid_count;
	ids->comm_count = needs->comm_count;
	ids->pid_count = needs->pid_count;
	ids->tid_count = needs->tid_count;
}

void bpf_direct(struct bpf_row to[BPF_ROWS])
{
	int i;

	for (i = 0; i < BPF_ROWS; i++)
		to[i].direct = is_direct(&to[i]);
}

void bpf_rows(struct bpf_row to[BPF_ROWS], uint16_t opcodes[BPF_OPCODES], const bool *wanted)
{
	int i;

	rows_init();
	rows[SYS_rt_sigreturn].what = ROW_SIGRETURN;
	rows[SYS_restart_syscall].what = ROW_RESTART;
	rows[SYS_prctl].what = ROW_IDENTITY;
	rows[SYS_setuid].what = ROW_IDENTITY;
	rows[SYS_setreuid].what = ROW_IDENTITY;
	rows[SYS_setresuid].what = ROW_IDENTITY;
	leave_out(wanted);
	for (i = 0; i < BPF_ROWS; i++)
		fill_row(&to[i], &rows[i]);
	for (i = 0; i < BPF_OPCODES; i++)
		opcodes[i] = sqe_of(opcode_kinds[i]);
}
