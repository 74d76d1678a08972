/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The BPF backend: programs on the kernel's tracepoints record into a ring of each processor; this side takes
 * what is in them.
 */
#include "capture/bpf.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <linux/capability.h>
#include <linux/membarrier.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "capture/live.h"
#include "capture/ptrace_filter.h"
#include "capture/trial.h"
#include "utils/clock.h"

#define BTF "/sys/kernel/btf/vmlinux"

#define TAKE (1u << 20) /* bytes of a ring that are taken at once */

/* A record that is begun is seen to be, after so long: how processors show each other what they write. */
#define SLACK (1000u * 1000)

#define WAKE	 (1u << 24) /* bytes in a ring that wake the reader, or a quarter of it */
#define WHY_RING "the buffer of the kernel was full"
#define WHY_CPU	 "a processor that was switched on later has no buffer"
#define WHY_MISS "the kernel did not call a hook"

struct bpf {
	struct capture_job *job;
	struct live *live;
	struct bpf_programs programs;
	struct buf refused_others; /* why other programs than these were not taken */
	struct layer_list wanted; /* of the layers those that the programs can record */
	int last_look;		  /* what the iterator over tasks gives: made while we may, for the end */
	pid_t child;		/* the program that is recorded from its beginning */
	size_t size;		/* of a ring */
	size_t n;		/* queues: two for each processor that there may be */
	struct bpf_ring *rings; /* two of each processor: BPF_QUEUES */
	struct bpf_link *(*faults)[BPF_COUNTERS]; /* of each processor */
	struct buf layers, missing, silent, untried; /* as the header tells them */
	int no_functions; /* -errno: they would tell something of what is missing */
	bool has_faults, has_maps;
	struct ring_buffer *wakes;
	bool rings_told; /* those of io_uring */
	bool stopped, more; /* there is more in a ring than was taken */
};

/* --- what the loader says --- */

static char last_words[256]; /* a function of the loader's can reach nothing else */

/* Of many lines the first one. */
static int on_words(enum libbpf_print_level level, const char *format, va_list ap)
{
	if (level == LIBBPF_WARN && !*last_words) {
		vsnprintf(last_words, sizeof(last_words), format, ap);
		last_words[strcspn(last_words, "\n")] = '\0';
	}
	return 0;
}

static int refused(struct err *err, int rc, const char *what)
{
	const char *why = strncmp(last_words, "libbpf: ", 8) == 0 ? last_words + 8 : last_words;

	if (rc == -EPERM)
		return err_set(err, EPERM,
			"this kernel does not let us %s: root can, or who has CAP_BPF and CAP_PERFMON (%s)", what,
			*why ? why : strerror(-rc));
	return err_set(err, ENOSYS, "this kernel does not %s: %s%s%s", what, strerror(-rc), *why ? "; " : "", why);
}

/* --- memory that the programs see --- */

static volatile struct bpf_session *session_of(const struct bpf *s)
{
	return s->programs.session;
}

static const volatile struct bpf_cpu *cpu_of(const struct bpf *s, size_t queue)
{
	return &s->programs.cpus[queue];
}

static int look(struct bpf *s, int fd, enum bpf_task what, struct err *err)
{
	char byte;
	ssize_t n;

	session_of(s)->task = what;
	session_of(s)->marked = 0;
	do
		n = read(fd, &byte, 1);
	while (n > 0 || (n < 0 && errno == EINTR));
	return n < 0 ? err_sys(err, errno, "cannot look at all processes") : 0;
}

/* Runs the program that is called for each task. */
static int each_task(struct bpf *s, enum bpf_task what, struct err *err)
{
	int fd = bpf_iter_create(bpf_link__fd(s->programs.tasks)), rc;

	if (fd < 0)
		return err_sys(err, -fd, "cannot look at all processes");
	rc = look(s, fd, what, err);
	close(fd);
	return rc;
}

/* The process PID and all that came from it: one generation at a time. */
static int mark(struct bpf *s, pid_t pid, enum bpf_mark mark, struct err *err)
{
	int rc;

	session_of(s)->pid = (uint32_t)pid;
	session_of(s)->mark = mark;
	rc = each_task(s, BPF_TASK_ONE, err);
	if (rc)
		return rc;
	if (!session_of(s)->marked)
		return err_set(err, ESRCH, "cannot find process %d", (int)pid);
	do
		rc = each_task(s, mark == BPF_MARK_IN ? BPF_TASK_IN : BPF_TASK_OUT, err);
	while (!rc && session_of(s)->marked);
	return rc;
}

/* --- the capture --- */

static void set_filters(struct bpf *s, const struct options *o)
{
	volatile struct bpf_session *to = session_of(s);
	char comm[2 * sizeof(uint64_t)] = "";

	if (o->comm) {
		snprintf(comm, sizeof(comm), "%s", o->comm);
		memcpy((void *)to->comm[0], comm, sizeof(comm));
		to->comms = 1;
	}
	if (o->by_uid) {
		to->uid[0] = (uint32_t)o->uid;
		to->uids = 1;
	}
	to->all = 1;
}

/* Who reads the records needs neither of them any more. */
static int drop_capabilities(struct err *err)
{
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];
	uint32_t both = CAP_TO_MASK(CAP_BPF) | CAP_TO_MASK(CAP_PERFMON);

	if (syscall(SYS_capget, &head, data))
		return err_sys(err, errno, "cannot look at our capabilities");
	data[CAP_TO_INDEX(CAP_BPF)].effective &= ~both;
	data[CAP_TO_INDEX(CAP_BPF)].permitted &= ~both;
	return syscall(SYS_capset, &head, data) ? err_sys(err, errno, "cannot drop CAP_BPF and CAP_PERFMON") : 0;
}

static int start(void *user, pid_t child, struct err *err)
{
	struct bpf *s = user;
	const struct options *o = s->job->options;
	uint64_t secret;
	int rc = each_task(s, BPF_TASK_START, err), i;

	s->child = child;
	if (!rc && !child)
		rc = mark(s, getpid(), BPF_MARK_OUT, err);
	if (!rc && (child || o->pid))
		rc = mark(s, child ? child : o->pid, BPF_MARK_IN, err);
	if (rc)
		return rc;
	if (!child && !o->pid)
		set_filters(s, o);
	if (getrandom(&secret, sizeof(secret), 0) != sizeof(secret))
		secret = now_ns();
	session_of(s)->secret = secret;
	session_of(s)->cache = filter_loader_cache();
	for (i = 0; i < LAYER_COUNT; i++) {
		session_of(s)->on[i] = s->wanted.on[i];
		session_of(s)->each[i] = s->wanted.each[i];
	}
	session_of(s)->by_file = s->job->watch != NULL;
	session_of(s)->size = s->size;
	session_of(s)->wake = s->size / 4 < WAKE ? s->size / 4 : WAKE;
	__atomic_fetch_add(&session_of(s)->names, 1, __ATOMIC_SEQ_CST);
	s->last_look = bpf_iter_create(bpf_link__fd(s->programs.tasks));
	if (s->last_look < 0)
		return err_sys(err, -s->last_look, "cannot look at all processes");
	rc = drop_capabilities(err);
	if (!rc)
		__atomic_store_n(&session_of(s)->state, BPF_STARTED, __ATOMIC_SEQ_CST);
	return rc;
}

/* Which layers are left out, of those that were asked for. */
static void say_old(struct bpf *s)
{
	struct buf names = BUF_INIT;
	int i;

	for (i = 0; i < LAYER_COUNT; i++)
		if (s->job->options->layers.on[i] && !s->wanted.on[i])
			buf_addf(&names, "%s%s", names.len ? ", " : "", layer_names[i]);
	live_say(s->live, "these are the programs for Linux before 5.17%s%.*s",
		s->refused_others.len ? ", since the others are refused: " : "", (int)s->refused_others.len,
		s->refused_others.p ? s->refused_others.p : "");
	if (names.len)
		live_say(s->live, "which do not record: %.*s", (int)names.len, names.p);
	buf_free(&names);
}

static struct live_layers layers_of(const struct bpf *s)
{
	return (struct live_layers){.on = buf_as_str(&s->layers),
		.missing = buf_as_str(&s->missing),
		.silent = buf_as_str(&s->silent),
		.untried = buf_as_str(&s->untried),
		.events = layer_list_has_events(&s->wanted)};
}

static void ready(void *user, const char *how)
{
	struct bpf *s = user;
	struct live_layers layers = layers_of(s);

	if (s->programs.old)
		say_old(s);
	live_say_layers(s->live, &layers);
	if (s->no_functions)
		live_say(s->live, "this host lets no BPF programs hook functions (fentry): %s",
			strerror(-s->no_functions));
	if (!s->has_maps && !s->child && s->wanted.on[LAYER_SYS])
		live_say(s->live, "maps that processes have by now are not told: programs can look at them "
				  "from Linux 6.7 on");
	live_say(s->live, "BPF programs attached, recording%s", how);
}

static int again(void *user, struct err *err)
{
	struct bpf *s = user;

	(void)err;
	__atomic_fetch_add(&session_of(s)->names, 1, __ATOMIC_SEQ_CST);
	__atomic_fetch_add(&session_of(s)->generation, 1, __ATOMIC_SEQ_CST);
	return 0;
}

/* What was begun on a processor before now is over. */
static void await_cpu(const volatile struct bpf_cpu *cpu)
{
	uint64_t busy = __atomic_load_n(&cpu->busy, __ATOMIC_ACQUIRE);

	while (busy & 1 && __atomic_load_n(&cpu->busy, __ATOMIC_ACQUIRE) == busy)
		usleep(50);
}

/* All programs that run now are over: they cannot be interrupted, and this waits for all processors. */
static void await_programs(void)
{
	if (syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0))
		usleep(100 * 1000);
}

/* Of each ring so much that it is in a cache of the processor until it is used; *T is before what is left there. */
static int take(struct bpf *s, struct merge *m, uint64_t *t, struct err *err)
{
	size_t i;
	int rc = 0;

	s->more = false;
	for (i = 0; rc >= 0 && i < s->n; i++) {
		size_t held = merge_held(m, i);
		struct merge_list list;
		uint64_t next = 0;

		if (s->rings[i].fd < 0)
			continue;
		merge_list_init(&list);
		rc = bpf_ring_take(&s->rings[i], cpu_of(s, i), &s->programs.readers[i], held < TAKE ? TAKE - held : 0,
			&list, &next);
		merge_add(m, i, &list);
		s->more |= rc > 0;
		if (rc > 0 && next <= *t)
			*t = next - 1;
	}
	return rc < 0 ? err_sys(err, -rc, "cannot keep the records of the kernel") : s->more;
}

static int collect(void *user, struct merge *m, bool stop, uint64_t *t, struct err *err)
{
	struct bpf *s = user;
	size_t i;
	int rc = 0;

	*t = now_ns() - SLACK;
	if (stop)
		*t = UINT64_MAX;
	if (stop && !s->stopped) {
		s->stopped = true;
		__atomic_store_n(&session_of(s)->state, BPF_STOPPED, __ATOMIC_SEQ_CST);
		await_programs();
		rc = look(s, s->last_look, BPF_TASK_SETTLE, err);
	} else if (!stop) {
		for (i = 0; i < s->n; i++)
			await_cpu(cpu_of(s, i));
	}
	return rc ? rc : take(s, m, t, err);
}

static void freed(void *user, size_t bytes)
{
	(void)user;
	(void)bytes;
}

static void wait_for_more(void *user, uint64_t ns)
{
	struct bpf *s = user;

	if (!s->more)
		ring_buffer__poll(s->wakes, (int)(ns / 1000000));
}

static int tell_file(void *user, const struct watch_key *key, bool on, struct err *err)
{
	struct bpf *s = user;
	struct bpf_file file = {.dev = (uint64_t)key->dev_major << 20 | key->dev_minor, .ino = key->ino};
	uint8_t there = 1;
	int map = bpf_map__fd(s->programs.watched), rc;

	rc = on ? bpf_map_update_elem(map, &file, &there, BPF_ANY) : bpf_map_delete_elem(map, &file);
	return rc && !(rc == -ENOENT && !on) ? err_sys(err, -rc, "cannot tell the kernel which file") : 0;
}

static int scope(void *user, int64_t *threads, struct err *err)
{
	struct bpf *s = user;

	(void)err;
	*threads = session_of(s)->scope;
	return 0;
}

/* Programs that the kernel did not call because another of ours ran. */
static uint64_t misses(const struct bpf *s)
{
	struct bpf_program *program;
	uint64_t sum = 0;

	bpf_object__for_each_program(program, s->programs.object)
	{
		struct bpf_prog_info info = {0};
		uint32_t len = sizeof(info);
		int fd = bpf_program__fd(program);

		if (fd >= 0 && !bpf_obj_get_info_by_fd(fd, &info, &len))
			sum += info.recursion_misses;
	}
	return sum;
}

static int settle(void *user, struct err *err)
{
	struct bpf *s = user;
	uint64_t missed = misses(s);
	size_t i;

	for (i = 0; i < s->n; i++) {
		struct bpf_ring *r = &s->rings[i];
		uint64_t made = cpu_of(s, i)->made, dropped = cpu_of(s, i)->dropped;

		if (made > r->made) {
			r->lost += made - r->made;
			live_lost(s->live, now_ns(), made - r->made, r->fd < 0 ? WHY_CPU : WHY_RING);
		}
		if (r->received + r->lost != made || (r->fd >= 0 && r->lost != dropped))
			live_say(s->live,
				"queue %zu made %" PRIu64 " records and dropped %" PRIu64 ", but %" PRIu64
				" came and %" PRIu64 " are missing",
				i, made, dropped, r->received, r->lost);
	}
	if (missed)
		live_lost(s->live, now_ns(), missed, WHY_MISS);
	return layer_list_has_events(&s->wanted)
		       ? bpf_layers_sum(bpf_map__fd(s->programs.sums), s->n / 2, s->live, err)
		       : 0;
}

static const struct live_source source = {
	.full = WHY_RING,
	.unplaced = true,
	.start = start,
	.ready = ready,
	.again = again,
	.collect = collect,
	.freed = freed,
	.wait = wait_for_more,
	.file = tell_file,
	.scope = scope,
	.settle = settle,
};

/* --- one capture --- */

/* A processor that cannot be switched off has no such file. */
static bool is_on(unsigned cpu)
{
	char path[64];
	bool on = true;
	FILE *f;

	snprintf(path, sizeof(path), "/sys/devices/system/cpu/cpu%u/online", cpu);
	f = fopen(path, "re");
	if (!f)
		return on;
	on = fgetc(f) != '0';
	fclose(f);
	return on;
}

/* For the processors that are on. */
static int open_rings(struct bpf *s, struct err *err)
{
	unsigned i;
	int rc = 0, possible = libbpf_num_possible_cpus();

	if (possible < 1 || possible > BPF_CPUS)
		return err_set(err, ENOSYS, "a host with %d processors: at most %d are expected", possible, BPF_CPUS);
	s->n = 2 * (size_t)possible;
	s->rings = calloc(s->n, sizeof(*s->rings));
	s->faults = calloc((size_t)possible, sizeof(*s->faults));
	if (!s->rings || !s->faults)
		return err_sys(err, ENOMEM, "cannot start the capture");
	for (i = 0; i < s->n; i++)
		s->rings[i].fd = -1;
	for (i = 0; !rc && i < s->n; i++) {
		bool interrupts = i % 2; /* nothing that is told of calls comes there */

		if (is_on(i / 2) && (!interrupts || layer_list_has_events(&s->wanted)))
			rc = bpf_ring_open(&s->rings[i], i / 2, s->size, err);
	}
	return rc;
}

/* What the programs are told of them is their size: all have the same. */
static int show_ring(struct bpf *s)
{
	size_t i = 0;

	while (i < s->n && s->rings[i].fd < 0)
		i++;
	return i < s->n ? bpf_map__set_inner_map_fd(s->programs.rings, s->rings[i].fd) : -ENODEV;
}

/* The samples of these are discarded: nobody calls this. */
static int on_wake(void *user, void *data, size_t size)
{
	(void)user;
	(void)data;
	(void)size;
	return 0;
}

static int give_rings(struct bpf *s, struct err *err)
{
	uint32_t i;
	int rc;

	for (i = 0; i < s->n; i++) {
		if (s->rings[i].fd < 0)
			continue;
		rc = bpf_map_update_elem(bpf_map__fd(s->programs.rings), &i, &s->rings[i].fd, BPF_ANY);
		if (rc)
			return err_sys(err, -rc, "cannot give processor %u a ring", i / 2);
	}
	s->wakes = ring_buffer__new(bpf_map__fd(s->programs.wakes), on_wake, NULL, NULL);
	return s->wakes ? 0 : err_sys(err, errno, "cannot wait for records");
}

/* Which of the programs for rings fit this kernel: whether together they tell all that rings do. */
static bool choose_rings(struct bpf *s, const struct btf *kernel, bool wanted)
{
	unsigned submit = bpf_tracepoint_values(kernel, "io_uring_submit_req");
	unsigned submit_sqe = bpf_tracepoint_values(kernel, "io_uring_submit_sqe");
	unsigned refused_at_once = bpf_tracepoint_values(kernel, "io_uring_req_failed");
	unsigned complete = bpf_tracepoint_values(kernel, "io_uring_complete");
	struct bpf_object *o = s->programs.object;
	bool told = wanted && (submit == 1 || submit_sqe == 2) && (complete == 3 || complete == 7);

	bpf_program_use(o, "on_submit", told && submit == 1);
	bpf_program_use(o, "on_submit_sqe", told && submit != 1);
	bpf_program_use(o, "on_refused", told && refused_at_once == 3);
	bpf_program_use(o, "on_complete", told && complete == 3);
	bpf_program_use(o, "on_complete_words", told && complete == 7);
	*s->programs.rings_told = told;
	return told;
}

static bool has_function(const struct btf *kernel, const char *name)
{
	return btf__find_by_name_kind(kernel, name, BTF_KIND_FUNC) > 0;
}

/* What a capture is made with; each is tried when the one before it cannot be loaded. */
enum attempt {
	ATTEMPT_ALL,
	ATTEMPT_NO_RINGS, /* which have structs of their own, that a kernel may have in another shape */
	ATTEMPT_OLD	  /* calls alone, in a way that older kernels take */
};

static void choose(struct bpf *s, const struct btf *kernel, enum attempt attempt)
{
	struct bpf_programs *p = &s->programs;
	bool rings = attempt == ATTEMPT_ALL;

	s->wanted = s->job->options->layers;
	if (p->old)
		memset(s->wanted.on + LAYER_SYS + 1, 0, sizeof(s->wanted.on) - (LAYER_SYS + 1) * sizeof(*s->wanted.on));
	bpf_rows(p->calls, p->opcodes, s->job->wanted);
	bpf_need(p->calls, p->needs, s->job->needs);
	bpf_direct(p->calls);
	bpf_compat_rows(p->narrow_calls);
	/* of rings calls tell: without those nobody needs them */
	s->rings_told = choose_rings(s, kernel, rings && s->wanted.on[LAYER_SYS]);
	s->has_maps = p->maps_told && has_function(kernel, "bpf_iter_task_vma_new"); /* from Linux 6.7 on */
	if (!p->old) {
		*p->maps_told = s->has_maps;
		*p->has_cast = has_function(kernel, "bpf_rdonly_cast");
		bpf_layers_calls(p->events, &s->wanted);
	}
	s->missing.len = 0;
	s->no_functions = bpf_layers_choose(p->object, kernel, &s->wanted, rings, &s->missing);
}

static int load_for(struct bpf *s, const struct btf *kernel, enum attempt attempt, struct err *err)
{
	int rc;

	for (;; attempt++) {
		rc = bpf_programs_open(&s->programs, attempt == ATTEMPT_OLD);
		if (rc)
			return refused(err, rc, "read the programs");
		choose(s, kernel, attempt);
		if (s->programs.old && !s->wanted.on[LAYER_SYS])
			return err_set(err, ENOSYS, "the programs for Linux before 5.17 record calls only (-L sys)");
		rc = show_ring(s);
		if (!rc)
			rc = bpf_programs_load(&s->programs);
		if (!rc || rc == -EPERM || attempt == ATTEMPT_OLD)
			break;
		s->refused_others.len = 0;
		buf_addf(&s->refused_others, "%s; %s", strerror(-rc), last_words);
		bpf_programs_close(&s->programs);
	}
	return rc ? refused(err, rc, "load BPF programs") : 0;
}

/* To read them takes longer than all the rest of a short capture: whoever asks for them first does. */
static struct btf *types;

static void forget_types(void)
{
	btf__free(types);
	types = NULL;
}

/*
 * The kernel's types, which tell what it has that the programs call, and so which of them to try. 0 or -errno.
 * forget_types() when they are needed no more.
 */
static int kernel_types(enum attempt *first, struct err *err)
{
	if (!types)
		types = btf__load_vmlinux_btf();
	if (!types)
		return err_sys(err, errno, "cannot read the type information of the kernel");
	*first = has_function(types, "bpf_loop") ? ATTEMPT_ALL : ATTEMPT_OLD;
	if (*first == ATTEMPT_ALL || has_function(types, "bpf_ringbuf_reserve"))
		return 0;
	return err_set(err, ENOSYS,
		"BPF programs of this kernel have no rings (bpf_ringbuf_reserve): that is, it is older than Linux 5.8");
}

static int load(struct bpf *s, struct err *err)
{
	enum attempt first;
	int rc = kernel_types(&first, err);

	if (!rc)
		rc = load_for(s, types, first, err);
	forget_types();
	return rc;
}

/* They are missing where one cannot be had. */
static void attach_faults(struct bpf *s)
{
	size_t i;

	s->has_faults = s->faults;
	for (i = 0; i < s->n / 2 && s->has_faults; i++)
		if (s->rings[2 * i].fd >= 0)
			s->has_faults = !bpf_faults_attach(s->programs.object, (unsigned)i, s->faults[i]);
	if (!s->has_faults && s->wanted.on[LAYER_FAULT])
		bpf_faults_missing(&s->missing);
}

static int attach(struct bpf *s, struct err *err)
{
	int rc = bpf_programs_attach(&s->programs);

	if (rc)
		return refused(err, rc, "attach BPF programs to tracepoints");
	if (s->wanted.on[LAYER_FAULT] || bpf_tells_pages(s->programs.object))
		attach_faults(s);
	bpf_layers_text(s->programs.object, &s->wanted, s->has_faults, &s->layers);
	return 0;
}

/* Which hooks are attached and yet not called? */
static void try_hooks(struct bpf *s)
{
	struct bpf_trial trial = {.tried = {s->has_faults, s->has_faults && s->wanted.on[LAYER_FAULT]},
		.fired = session_of(s)->fired,
		.silent = &s->silent,
		.untried = &s->untried};

	unsigned wanted = bpf_layers_trials(s->programs.object, &trial), times;

	__atomic_store_n(&session_of(s)->state, BPF_TRIAL, __ATOMIC_SEQ_CST);
	for (times = 0; wanted && times < TRIALS; times++) {
		trial.done |= trial_beside(wanted, s->job->options->capture);
		wanted = bpf_layers_trials(s->programs.object, &trial) & trial.done;
	}
	__atomic_store_n(&session_of(s)->state, BPF_IDLE, __ATOMIC_SEQ_CST);
	bpf_layers_judge(s->programs.object, &trial);
}

static size_t ring_size(unsigned mib)
{
	size_t size = 1u << 20;

	while (size < (size_t)mib << 20)
		size <<= 1;
	return size;
}

#define HOOKS_TASKS "sched_process_fork,sched_process_exec,sched_process_exit"
#define HOOKS	    "sys_enter,sys_exit," HOOKS_TASKS ",signal_deliver,task_rename"

static int write_header(struct bpf *s, struct err *err)
{
	struct live_layers layers = layers_of(s);
	size_t n = 2;
	struct capture_pair pairs[3 + LIVE_LAYER_PAIRS] = {
		{"hooks", !s->wanted.on[LAYER_SYS] ? STR(HOOKS_TASKS)
			  : s->rings_told ? STR(HOOKS ",io_uring_submit,io_uring_complete")
					  : STR(HOOKS)},
		{"faults", s->has_faults && bpf_tells_pages(s->programs.object) ? STR("events") : STR("none")},
	};

	n += live_layer_pairs(&layers, pairs + n);
	if (!s->has_maps)
		pairs[n++] = (struct capture_pair){"maps", STR("none")};
	return live_stages(s->live, s->n, pairs, n, err);
}

static int capture(struct bpf *s, struct err *err)
{
	struct rlimit limit;
	int rc = getrlimit(RLIMIT_MEMLOCK, &limit) ? err_sys(err, errno, "cannot look at our limits") : 0;

	if (rc)
		return rc;
	s->size = ring_size(live_buffer(s->live));
	rc = open_rings(s, err);
	if (!rc)
		rc = load(s, err);
	if (!rc)
		rc = give_rings(s, err);
	if (!rc)
		rc = attach(s, err);
	setrlimit(RLIMIT_MEMLOCK, &limit); /* the loader's change is none of the program's */
	if (!rc)
		try_hooks(s);
	if (!rc)
		rc = write_header(s, err);
	return rc ? rc : live_record(s->live, err);
}

static void close_all(struct bpf *s)
{
	size_t i;

	for (i = 0; i < BPF_COUNTERS * (s->n / 2) && s->faults; i++)
		bpf_link__destroy(s->faults[i / BPF_COUNTERS][i % BPF_COUNTERS]);
	free(s->faults);
	for (i = 0; i < s->n && s->rings; i++)
		bpf_ring_close(&s->rings[i]);
	free(s->rings);
	buf_free(&s->refused_others);
	buf_free(&s->layers);
	buf_free(&s->missing);
	buf_free(&s->silent);
	buf_free(&s->untried);
	ring_buffer__free(s->wakes);
	if (s->last_look >= 0)
		close(s->last_look);
	bpf_programs_close(&s->programs);
}

static int bpf_run(struct capture_job *job, struct err *err)
{
	struct bpf s = {.job = job, .last_look = -1, .wanted = job->options->layers};
	int rc = live_open(&s.live, job, &source, &s, err);

	if (rc)
		return rc;
	rc = capture(&s, err);
	live_close_stages(s.live);
	close_all(&s);
	live_close(s.live);
	return rc;
}

/* --- whether it can be --- */

int bpf_kernel(bool *old, struct err *err)
{
	enum attempt first;
	int rc = kernel_types(&first, err);

	*old = !rc && first == ATTEMPT_OLD;
	return rc;
}

static int bpf_probe(const struct options *o, struct err *err)
{
	int rc = o->pid ? live_check_pid(o->pid, err) : 0;
	bool old;

	*last_words = '\0';
	libbpf_set_print(on_words);
	if (rc)
		return rc;
	if (access(BTF, R_OK))
		return err_set(err, ENOSYS,
			"this kernel has no type information (" BTF "), which the bpf backend needs");
	rc = bpf_kernel(&old, err);
	if (rc)
		return rc;
	rc = bpf_load_nothing();
	return rc ? refused(err, rc, "load BPF programs") : 0;
}

const struct backend backend_bpf = {
	.name = "bpf",
	.attaches = true,
	.layers = true,
	.files = true,
	.probe = bpf_probe,
	.run = bpf_run,
};
