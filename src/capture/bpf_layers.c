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

#include "capture/trial.h"

_Static_assert(BPF_LAYERS == LAYER_COUNT, "layers");
_Static_assert(OP_layer_sum - OP_block_queue <= BPF_EVENTS, "rows of events");

#define BIT(layer)   (1u << LAYER_##layer)
#define HELP_BITS    16
#define HELPS(layer) (BIT(layer) << HELP_BITS)
#define ALL_LAYERS   ((1u << HELP_BITS) - 1)

static const struct {
	const char *event, *program, *tracepoint;
	unsigned values, layers; /* BIT and HELPS */
	bool always, function;
	const char *over; /* of kprobes: the program at the end of the function ... */
	unsigned before;  /* ... and the kernel that needs them no more */
} hooks[] = {
#define HOOK_ROW(event, program, tracepoint, values, layers) \
	{#event, "on_" #program, #tracepoint, values, layers, false, false, NULL, 0},
#define HOOK_ALWAYS(program, tracepoint, layers) \
	{#program, "on_" #program, #tracepoint, 0, layers, true, false, NULL, 0},
#define HOOK_FUNCTION(event, program, function, layers) \
	{#event, "on_" #program, #function, 0, layers, false, true, NULL, 0},
#define HOOK_PROBED(event, program, function, before, layers) \
	{#event, "on_" #program, #function, 0, layers, false, true, "on_" #program "_over", before},
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

/* Hosts may refuse programs at functions whatever the kernel has: one that does nothing is tried. 0 or -errno. */
static int try_function(const struct btf *kernel, const char *name)
{
	const struct bpf_insn code[] = {
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0},
		{.code = BPF_JMP | BPF_EXIT},
	};
	int id = btf__find_by_name_kind(kernel, name, BTF_KIND_FUNC), program, hook = -1, rc;
	const struct bpf_prog_load_opts opts = {
		.sz = sizeof(opts), .expected_attach_type = BPF_TRACE_FENTRY, .attach_btf_id = (uint32_t)id};

	if (id <= 0)
		return -ENOENT;
	program = bpf_prog_load(
		BPF_PROG_TYPE_TRACING, "ioriot_try", "GPL", code, sizeof(code) / sizeof(*code), &opts);
	if (program >= 0)
		hook = bpf_raw_tracepoint_open(NULL, program);
	rc = hook < 0 ? -errno : 0;
	if (hook >= 0)
		close(hook);
	if (program >= 0)
		close(program);
	return rc;
}

/* The same of kprobes. */
static int try_probe(const char *name)
{
	struct perf_event_attr attr = {.size = sizeof(attr), .kprobe_func = (uint64_t)(uintptr_t)name};
	FILE *f = fopen("/sys/bus/event_source/devices/kprobe/type", "re");
	int fd;

	if (!f || fscanf(f, "%" SCNu32, &attr.type) != 1)
		attr.type = UINT32_MAX;
	if (f)
		fclose(f);
	if (attr.type == UINT32_MAX)
		return -ENOENT;
	fd = (int)syscall(SYS_perf_event_open, &attr, -1, 0, -1, PERF_FLAG_FD_CLOEXEC);
	if (fd < 0)
		return -errno;
	close(fd);
	return 0;
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

/* The same of functions; what refuses them is kept. */
static bool usable(const struct btf *kernel, size_t hook, int *refused)
{
	int rc;

	if (!hooks[hook].function)
		return fits(kernel, hook);
	if (hooks[hook].over)
		return !try_probe(hooks[hook].tracepoint);
	rc = try_function(kernel, hooks[hook].tracepoint);
	if (rc && rc != -ENOENT)
		*refused = rc;
	return !rc;
}

/* Layers whose events a tracepoint of this kernel tells: a hook that only helps is of no use to others. */
static unsigned told_layers(const struct btf *kernel, bool rings)
{
	unsigned told = 0;
	size_t i;

	for (i = 0; i < HOOKS; i++)
		if (!hooks[i].function && fits(kernel, i) && (rings || hooks[i].layers != BIT(URING)))
			told |= hooks[i].layers & ALL_LAYERS;
	return told;
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
		bpf_program_use(o, names[i], on);
}

/* Of the rows from FIRST on that are for one event the first that fits. TOLD: told_layers(). Returns the row behind. */
static size_t choose_hook(struct bpf_object *o, const struct btf *kernel, const struct layer_list *l, bool rings,
	unsigned told, size_t first, struct buf *missing, int *refused)
{
	unsigned layers = (hooks[first].layers | hooks[first].layers >> HELP_BITS) & ALL_LAYERS;
	bool wanted = wants(l, layers & (hooks[first].layers | told)), there = false;
	bool needed = !hooks[first].before || bpf_running_kernel() < hooks[first].before;
	size_t i;

	wanted = wanted && needed;
	for (i = first; i < HOOKS && strcmp(hooks[i].event, hooks[first].event) == 0; i++) {
		bool used = !there && (wanted || !hooks[i].function) && (rings || hooks[i].layers != BIT(URING)) &&
			    usable(kernel, i, refused);

		if (!hooks[i].always)
			bpf_program_use(o, hooks[i].program, wanted && used);
		if (hooks[i].over)
			bpf_program_use(o, hooks[i].over, wanted && used);
		there = there || used;
	}
	if (needed && wants(l, layers & ~BIT(SYS)) && !there)
		note(missing, hooks[first].tracepoint, ',');
	return i;
}

int bpf_layers_choose(struct bpf_object *o, const struct btf *kernel, const struct layer_list *l, bool rings,
	struct buf *missing)
{
	unsigned told = told_layers(kernel, rings);
	int refused = 0;
	size_t i;

	choose_calls(o, l->on[LAYER_SYS]);
	for (i = 0; i < HOOKS;)
		i = choose_hook(o, kernel, l, rings, told, i, missing, &refused);
	for (i = 0; i < BPF_COUNTERS; i++)
		bpf_program_use(o, counters[i].program, l->on[LAYER_FAULT] || bpf_tells_pages(o));
	return refused;
}

bool bpf_tells_pages(struct bpf_object *o)
{
	return bpf_program_used(o, "on_page_fault_user") && bpf_program_used(o, "on_page_fault_kernel");
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

/* --- the self-test --- */

/* Of calls, behind those of hooks.def in enum bpf_hook. */
static const struct {
	const char *program, *event, *tracepoint;
} call_hooks[] = {
	{"on_minor_fault", "perf_minor_faults", "perf_minor_faults"},
	{"on_major_fault", "perf_major_faults", "perf_major_faults"},
	{"on_sys_enter", "sys_enter", "sys_enter"},
	{"on_sys_exit", "sys_exit", "sys_exit"},
	{"on_signal", "signal_deliver", "signal_deliver"},
	{"on_submit", "ring_submit", "io_uring_submit_req"},
	{"on_submit_sqe", "ring_submit", "io_uring_submit_sqe"},
	{"on_refused", "ring_refused", "io_uring_req_failed"},
	{"on_complete", "ring_complete", "io_uring_complete"},
	{"on_complete_words", "ring_complete", "io_uring_complete"},
};

_Static_assert(HOOKS + sizeof(call_hooks) / sizeof(*call_hooks) == BPF_HOOK_COUNT, "all hooks");

struct hook_names {
	const char *event, *program, *tracepoint;
};

static struct hook_names names_of(size_t hook)
{
	size_t of_calls = hook - HOOKS;

	if (hook < HOOKS)
		return (struct hook_names){hooks[hook].event, hooks[hook].program, hooks[hook].tracepoint};
	return (struct hook_names){
		call_hooks[of_calls].event, call_hooks[of_calls].program, call_hooks[of_calls].tracepoint};
}

static bool is_tried(struct bpf_object *o, size_t hook, const struct bpf_tried *tried)
{
	switch (hook) {
	case BPF_HOOK_minor_fault:
		return tried->minor;
	case BPF_HOOK_major_fault:
		return tried->major;
	default:
		return bpf_program_used(o, names_of(hook).program);
	}
}

unsigned bpf_layers_trials(struct bpf_object *o, const struct bpf_trial *t)
{
	unsigned wanted = 0;
	size_t i;

	for (i = 0; i < BPF_HOOK_COUNT; i++)
		if (is_tried(o, i, &t->tried) && !t->fired[i])
			wanted |= trial_of(names_of(i).event);
	return wanted;
}

/* Where its name belongs; NULL: it was called. */
static struct buf *verdict(struct bpf_object *o, const struct bpf_trial *t, size_t hook)
{
	struct hook_names names = names_of(hook);

	if (!is_tried(o, hook, &t->tried) || t->fired[hook])
		return NULL;
	return trial_of(names.event) & t->done ? t->silent : t->untried;
}

/* Two programs may be on one tracepoint. */
static bool is_noted(struct bpf_object *o, const struct bpf_trial *t, size_t hook)
{
	size_t i;

	for (i = 0; i < hook; i++)
		if (verdict(o, t, i) == verdict(o, t, hook) &&
			strcmp(names_of(i).tracepoint, names_of(hook).tracepoint) == 0)
			return true;
	return false;
}

void bpf_layers_judge(struct bpf_object *o, const struct bpf_trial *t)
{
	size_t i;

	for (i = 0; i < BPF_HOOK_COUNT; i++)
		if (verdict(o, t, i) && !is_noted(o, t, i))
			note(verdict(o, t, i), names_of(i).tracepoint, ',');
}

/* --- what is told of them --- */

static bool is_used(struct bpf_object *o, size_t hook, unsigned layers)
{
	return hooks[hook].layers & layers && bpf_program_used(o, hooks[hook].program);
}

/* The hooks of a layer, those that help it among them; none where nothing tells its events. */
static void put_hooks(struct bpf_object *o, unsigned layer, struct buf *names)
{
	bool told = false;
	size_t i;

	for (i = 0; i < HOOKS; i++)
		told = told || is_used(o, i, layer);
	for (i = 0; i < HOOKS && told; i++)
		if (is_used(o, i, layer | layer << HELP_BITS))
			note(names, hooks[i].tracepoint, '+');
}

void bpf_layers_text(struct bpf_object *o, const struct layer_list *l, bool faults, struct buf *out)
{
	int layer;
	size_t i;

	for (layer = 0; layer < LAYER_COUNT; layer++) {
		struct buf names = BUF_INIT;

		if (!l->on[layer])
			continue;
		if (layer != LAYER_SYS) /* of calls the header tells apart */
			put_hooks(o, 1u << layer, &names);
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
	}
	free(of_cpus);
	return rc;
}
