/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IORIOT_CAPTURE_BPF_H
#define IORIOT_CAPTURE_BPF_H

#include "capture/bpf/shared.h"
#include "capture/chosen.h"
#include "capture/live.h"
#include "capture/merge.h"
#include "ops/layer_list.h"
#include "utils/err.h"

/*
 * Shared by the files of the BPF backend.
 *
 *	bpf_rows.c	what the programs do for each call
 *	bpf_layers.c	which hooks of other layers than calls are used
 *	bpf_ring.c	the rings of the processors -> blocks, and what is missing between them
 *	bpf_programs.c	the two builds of the programs
 *	bpf.c		one capture with them
 *	bpf_nothing.c	whether any program may be loaded
 *	bpf/		the programs themselves
 */

/* --- bpf.c --- */

/* Whether the kernel has what the programs call, perhaps the OLD ones: 0, or -errno with a sentence. */
int bpf_kernel(bool *old, struct err *err);

/* --- bpf_nothing.c --- */

/* Loads a program that does nothing, of the kind that a capture consists of, and lets it go. 0 or -errno. */
int bpf_load_nothing(void);

/* --- bpf_programs.c --- */

struct bpf_object;
struct bpf_link;
struct bpf_map;
struct btf;

/* The programs; those of Linux 5.17 and newer, or the OLD ones, which record calls and no other layer. */
struct bpf_programs {
	void *skeleton; /* NULL: not open */
	bool old;
	struct bpf_object *object;
	struct bpf_map *watched, *rings, *wakes;
	struct bpf_map *sums; /* NULL in the old ones */
	/* constants, to be written before loading: */
	struct bpf_row *calls;
	uint16_t *opcodes;
	struct bpf_compat *narrow_calls;
	struct bpf_needs *needs;
	bool *rings_told;
	uint8_t *events;	    /* NULL in the old ones ... */
	bool *maps_told, *has_cast; /* ... as these */
	/* once they are loaded: */
	struct bpf_session *session;
	struct bpf_cpu *cpus;
	struct bpf_reader *readers;
	/* once they are attached: */
	struct bpf_link *tasks; /* the iterator over all of them */
};

/* 0 or -errno. */
int bpf_programs_open(struct bpf_programs *p, bool old);
int bpf_programs_load(struct bpf_programs *p);
int bpf_programs_attach(struct bpf_programs *p);
void bpf_programs_close(struct bpf_programs *p);

/* Whether one is loaded; that it shall be. Of those that a build does not have nothing is said. */
bool bpf_program_used(const struct bpf_object *o, const char *name);
void bpf_program_use(const struct bpf_object *o, const char *name, bool on);

/* --- bpf_rows.c --- */

void bpf_rows(struct bpf_row rows[BPF_ROWS], uint16_t opcodes[BPF_OPCODES], const bool *wanted);
void bpf_need(struct bpf_row rows[BPF_ROWS], struct bpf_needs *ids, const struct chosen_needs *needs);
/* The last one: which calls the programs tell at less cost. */
void bpf_direct(struct bpf_row rows[BPF_ROWS]);
void bpf_compat_rows(struct bpf_compat rows[COMPAT_NUMBERS]);

/* --- bpf_layers.c --- */

#define BPF_COUNTERS 2 /* of page faults */

/* The type of the tracepoint in KERNEL, whose types these are; not above 0: it has none of that name. */
int bpf_tracepoint(const struct btf *kernel, const char *name);

/* How many values it hands over, 0: KERNEL has none of that name. */
unsigned bpf_tracepoint_values(const struct btf *kernel, const char *name);

/*
 * Before it is loaded: programs that are not asked for, or have no hook in KERNEL, are left out; those of io_uring also
 * without RINGS. -errno: functions would have been hooked, which this host refuses.
 */
int bpf_layers_choose(struct bpf_object *o, const struct btf *kernel, const struct layer_list *l, bool rings,
	struct buf *missing);

/* Which calls are events: enum bpf_event by their number. */
void bpf_layers_calls(uint8_t events[BPF_ROWS], const struct layer_list *l);

/* The counters of one processor. -errno: this host does not let us have them. */
int bpf_faults_attach(struct bpf_object *o, unsigned cpu, struct bpf_link *links[BPF_COUNTERS]);

/* Whether there are hooks of the beginning of faults, so that pages of maps can be told. */
bool bpf_tells_pages(struct bpf_object *o);
void bpf_faults_missing(struct buf *missing);

/* "sys,cache/64=HOOK+HOOK", as the header has it. */
void bpf_layers_text(struct bpf_object *o, const struct layer_list *l, bool faults, struct buf *out);

/* Which counters of page faults are tried: a major one takes a disk. */
struct bpf_tried {
	bool minor, major;
};

/*
 * The self-test (trial.h), with the names of hooks that were not called, though what calls them was done, and of those
 * that were not tried.
 */
struct bpf_trial {
	struct bpf_tried tried;
	unsigned done; /* enum trial */
	const volatile uint8_t *fired; /* by enum bpf_hook */
	struct buf *silent, *untried;
};

/* What there is to do for the hooks that are attached, and for those of TRIED, that were not called. */
unsigned bpf_layers_trials(struct bpf_object *o, const struct bpf_trial *t);
void bpf_layers_judge(struct bpf_object *o, const struct bpf_trial *t);

/* The records of what was seen. */
int bpf_layers_sum(int map, size_t cpus, struct live *live, struct err *err);

/* --- bpf_ring.c --- */

/* 6003 is Linux 6.3, as hooks.def has it; 0: it does not say. */
unsigned bpf_running_kernel(void);

/* The ring of one processor. */
struct bpf_ring {
	unsigned cpu;
	int fd; /* -1 = none */
	const unsigned char *data;
	size_t size;
	uint64_t made;	   /* records that those so far account for, lost ones included */
	uint64_t received, lost;
};

/* Makes and maps one of SIZE bytes (a power of two, at least BPF_PART). -errno with a sentence. */
int bpf_ring_open(struct bpf_ring *r, unsigned cpu, size_t size, struct err *err);
void bpf_ring_close(struct bpf_ring *r);

/*
 * Takes what is in it now, up to some ROOM bytes; it is appended to LIST. 1: the next record was made at *T. 0: there
 * is none. -ENOMEM.
 */
int bpf_ring_take(struct bpf_ring *r, const volatile struct bpf_cpu *cpu, volatile struct bpf_reader *reader,
	size_t room, struct merge_list *list, uint64_t *t);

#endif
