/* SPDX-License-Identifier: Apache-2.0 */
/* Other layers than calls: which hooks there are, which of them are wanted, and the sums of what was seen. */
#include "capture/bpf.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <inttypes.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "utils/human.h"

_Static_assert(BPF_LAYERS == LAYER_COUNT, "layers");
_Static_assert(OP_layer_sum - OP_block_queue <= BPF_EVENTS, "rows of events");

#define BIT(layer) (1u << LAYER_##layer)

static const struct {
	const char *event, *program, *tracepoint;
	unsigned values, layers;
	bool always;
} hooks[] = {
#define HOOK_ROW(event, program, tracepoint, values, layers) \
	{#event, "on_" #program, #tracepoint, values, layers, false},
#define HOOK_ALWAYS(program, tracepoint, layers) {#program, "on_" #program, #tracepoint, 0, layers, true},
#include "capture/hooks.def"
};

#define HOOKS (sizeof(hooks) / sizeof(*hooks))

/* The counters of page faults: hooks without a tracepoint. */
static const struct {
	const char *name, *program;
	uint64_t config;
} counters[BPF_COUNTERS] = {
	{"perf_minor_faults", "on_minor_fault", PERF_COUNT_SW_PAGE_FAULTS_MIN},
	{"perf_major_faults", "on_major_fault", PERF_COUNT_SW_PAGE_FAULTS_MAJ},
};

static struct bpf_program *program_of(struct bpf_object *o, size_t hook)
{
	return bpf_object__find_program_by_name(o, hooks[hook].program);
}

int bpf_tracepoint(const struct btf *kernel, const char *name)
{
	char text[80];

	snprintf(text, sizeof(text), "btf_trace_%s", name);
	return btf__find_by_name_kind(kernel, text, BTF_KIND_TYPEDEF);
}

unsigned bpf_tracepoint_values(const struct btf *kernel, const char *name)
{
	const struct btf_type *type;
	int id = bpf_tracepoint(kernel, name);

	type = id > 0 ? btf__type_by_id(kernel, btf__type_by_id(kernel, (unsigned)id)->type) : NULL;
	type = type && btf_is_ptr(type) ? btf__type_by_id(kernel, type->type) : NULL;
	return type && btf_is_func_proto(type) ? btf_vlen(type) - 1u : 0;
}

static bool fits(const struct btf *kernel, size_t hook)
{
	if (!hooks[hook].values)
		return bpf_tracepoint(kernel, hooks[hook].tracepoint) > 0;
	return bpf_tracepoint_values(kernel, hooks[hook].tracepoint) == hooks[hook].values;
}

static bool wants(const struct layer_list *l, unsigned layers)
{
	int i;

	for (i = 0; i < LAYER_COUNT; i++)
		if (l->on[i] && layers & 1u << i)
			return true;
	return false;
}

static void note(struct buf *to, const char *name, char separator)
{
	if (to->len)
		buf_char(to, separator);
	buf_puts(to, name);
}

static void choose_calls(struct bpf_object *o, bool on)
{
	static const char *const names[] = {"on_sys_enter", "on_sys_exit", "on_signal"};
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(*names); i++)
		bpf_program__set_autoload(bpf_object__find_program_by_name(o, names[i]), on);
}

/* Of the rows from FIRST on that are for one event the first that fits. Returns the row behind them. */
static size_t choose_hook(struct bpf_object *o, const struct btf *kernel, const struct layer_list *l, bool rings,
	size_t first, struct buf *missing)
{
	bool wanted = wants(l, hooks[first].layers), there = false;
	size_t i;

	for (i = first; i < HOOKS && strcmp(hooks[i].event, hooks[first].event) == 0; i++) {
		bool used = !there && fits(kernel, i) && (rings || hooks[i].layers != BIT(URING));

		if (!hooks[i].always)
			bpf_program__set_autoload(program_of(o, i), wanted && used);
		there = there || used;
	}
	if (wants(l, hooks[first].layers & ~BIT(SYS)) && !there)
		note(missing, hooks[first].tracepoint, ',');
	return i;
}

void bpf_layers_choose(struct bpf_object *o, const struct btf *kernel, const struct layer_list *l, bool rings,
	struct buf *missing)
{
	size_t i;

	choose_calls(o, l->on[LAYER_SYS]);
	for (i = 0; i < HOOKS;)
		i = choose_hook(o, kernel, l, rings, i, missing);
	for (i = 0; i < BPF_COUNTERS; i++)
		bpf_program__set_autoload(
			bpf_object__find_program_by_name(o, counters[i].program),
			l->on[LAYER_FAULT] || bpf_tells_pages(o));
}

bool bpf_tells_pages(struct bpf_object *o)
{
	return bpf_program__autoload(bpf_object__find_program_by_name(o, "on_page_fault_user")) &&
	       bpf_program__autoload(bpf_object__find_program_by_name(o, "on_page_fault_kernel"));
}

/* --- calls that are events --- */

static const struct {
	int number;
	unsigned layer;
} calls[] = {
#if defined(__x86_64__)
#define CALL(x86_64, aarch64, event, layer) {x86_64, BIT(layer)},
#else
#define CALL(x86_64, aarch64, event, layer) {aarch64, BIT(layer)},
#endif
#include "capture/sockets.def"
};

void bpf_layers_calls(uint8_t events[BPF_ROWS], const struct layer_list *l)
{
	unsigned for_retrans = l->on[LAYER_RETRANS] ? BIT(NET) | BIT(CONN) : 0;
	size_t i;

	for (i = 0; i < sizeof(calls) / sizeof(*calls); i++)
		if (calls[i].number >= 0 && (wants(l, calls[i].layer) || calls[i].layer & for_retrans))
			events[calls[i].number] = (uint8_t)(i + 1);
}

/* --- page faults are counted by each processor --- */

static int open_counter(size_t which, unsigned cpu)
{
	struct perf_event_attr attr = {.type = PERF_TYPE_SOFTWARE,
		.size = sizeof(attr),
		.config = counters[which].config,
		.sample_period = 1,
		.sample_type = PERF_SAMPLE_ADDR,
		.disabled = 1};

	return (int)syscall(SYS_perf_event_open, &attr, -1, cpu, -1, PERF_FLAG_FD_CLOEXEC);
}

int bpf_faults_attach(struct bpf_object *o, unsigned cpu, struct bpf_link *links[BPF_COUNTERS])
{
	size_t i;

	for (i = 0; i < BPF_COUNTERS; i++) {
		int fd = open_counter(i, cpu);

		if (fd < 0)
			return -errno;
		links[i] = bpf_program__attach_perf_event(
			bpf_object__find_program_by_name(o, counters[i].program), fd);
		if (!links[i]) {
			close(fd);
			return -errno;
		}
	}
	return 0;
}

void bpf_faults_missing(struct buf *missing)
{
	size_t i;

	for (i = 0; i < BPF_COUNTERS; i++)
		note(missing, counters[i].name, ',');
}

/* --- what is told of them --- */

void bpf_layers_text(struct bpf_object *o, const struct layer_list *l, bool faults, struct buf *out)
{
	int layer;
	size_t i;

	for (layer = 0; layer < LAYER_COUNT; layer++) {
		struct buf names = BUF_INIT;

		if (!l->on[layer])
			continue;
		for (i = 0; i < HOOKS && layer != LAYER_SYS; i++) /* of calls the header tells apart */
			if (hooks[i].layers & 1u << layer &&
				bpf_program__autoload(program_of(o, i)))
				note(&names, hooks[i].tracepoint, '+');
		for (i = 0; i < BPF_COUNTERS && layer == LAYER_FAULT && faults; i++)
			note(&names, counters[i].name, '+');
		note(out, layer_names[layer], ',');
		if (l->each[layer] != 1)
			buf_addf(out, "/%u", l->each[layer]);
		if (names.len) {
			buf_char(out, '=');
			buf_str(out, buf_as_str(&names));
		}
		buf_free(&names);
	}
}

int bpf_layers_sum(int map, size_t cpus, struct live *live, struct err *err)
{
	struct bpf_sum *of_cpus = calloc(cpus, sizeof(*of_cpus));
	char seen[HUMAN_LEN], bytes[HUMAN_LEN];
	uint32_t key;
	size_t i;
	int rc = of_cpus ? 0 : err_sys(err, ENOMEM, "cannot sum up");

	for (key = 0; !rc && key < OP_file_call - OP_block_queue; key++) {
		struct live_sum sum = {0};
		enum op_id row = (enum op_id)(OP_block_queue + (int)key);

		if (bpf_map_lookup_elem(map, &key, of_cpus))
			continue;
		for (i = 0; i < cpus; i++) {
			sum.seen += of_cpus[i].seen;
			sum.bytes += of_cpus[i].bytes;
			sum.kept += of_cpus[i].kept;
			sum.dropped += of_cpus[i].dropped;
		}
		if (!sum.seen)
			continue;
		rc = live_sums(live, row, &sum, err);
		live_say(live, "%s: %s events, %s; %" PRIu64 " records, %" PRIu64 " dropped", ops[row].name,
			human_count(seen, (double)sum.seen), human_bytes(bytes, (double)sum.bytes), sum.kept,
			sum.dropped);
	}
	free(of_cpus);
	return rc;
}
