/* SPDX-License-Identifier: Apache-2.0 */
/* The two builds of the programs, which the loader knows as structs of two types, as one thing. */
#include "capture/bpf.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>

#include "ioriot_bpf.skel.h"
#include "ioriot_bpf_old.skel.h"

/* What both builds have. */
#define COMMON(s)                                                                                  \
	{                                                                                          \
		.skeleton = (s), .object = (s)->obj, .watched = (s)->maps.watched, .rings = (s)->maps.rings, \
		.wakes = (s)->maps.wakes, .calls = (s)->rodata->calls, .opcodes = (s)->rodata->opcodes, \
		.narrow_calls = (s)->rodata->narrow_calls, .needs = &(s)->rodata->needs,           \
		.rings_told = &(s)->rodata->rings_told                                             \
	}

static int open_new(struct bpf_programs *p)
{
	struct ioriot_bpf *s = ioriot_bpf__open();

	if (!s)
		return -errno;
	*p = (struct bpf_programs)COMMON(s);
	p->sums = s->maps.sums;
	p->events = s->rodata->events;
	p->maps_told = &s->rodata->maps_told;
	p->has_cast = &s->rodata->has_cast;
	return 0;
}

static int open_old(struct bpf_programs *p)
{
	struct ioriot_bpf_old *s = ioriot_bpf_old__open();

	if (!s)
		return -errno;
	*p = (struct bpf_programs)COMMON(s);
	p->old = true;
	return 0;
}

int bpf_programs_open(struct bpf_programs *p, bool old)
{
	return old ? open_old(p) : open_new(p);
}

/* Memory of the programs has its place when they are loaded. */
#define SHOW(p, s)                                                                                 \
	({                                                                                         \
		(p)->session = &(s)->data->session;                                                \
		(p)->cpus = (s)->bss->cpus;                                                        \
		(p)->readers = (s)->bss->readers;                                                  \
		0;                                                                                 \
	})

int bpf_programs_load(struct bpf_programs *p)
{
	struct ioriot_bpf_old *old = p->old ? p->skeleton : NULL;
	struct ioriot_bpf *new = p->old ? NULL : p->skeleton;
	int rc = old ? ioriot_bpf_old__load(old) : ioriot_bpf__load(new);

	if (rc)
		return rc;
	return old ? SHOW(p, old) : SHOW(p, new);
}

int bpf_programs_attach(struct bpf_programs *p)
{
	struct ioriot_bpf_old *old = p->old ? p->skeleton : NULL;
	struct ioriot_bpf *new = p->old ? NULL : p->skeleton;
	int rc = old ? ioriot_bpf_old__attach(old) : ioriot_bpf__attach(new);

	if (!rc)
		p->tasks = old ? old->links.on_task : new->links.on_task;
	return rc;
}

void bpf_programs_close(struct bpf_programs *p)
{
	if (p->skeleton && p->old)
		ioriot_bpf_old__destroy(p->skeleton);
	else if (p->skeleton)
		ioriot_bpf__destroy(p->skeleton);
	p->skeleton = NULL;
}

bool bpf_program_used(const struct bpf_object *o, const char *name)
{
	const struct bpf_program *program = bpf_object__find_program_by_name(o, name);

	return program && bpf_program__autoload(program);
}

void bpf_program_use(const struct bpf_object *o, const char *name, bool on)
{
	struct bpf_program *program = bpf_object__find_program_by_name(o, name);

	if (program)
		bpf_program__set_autoload(program, on);
}
