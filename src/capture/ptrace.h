/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IORIOT_CAPTURE_PTRACE_H
#define IORIOT_CAPTURE_PTRACE_H

#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/queue.h>
#include <sys/types.h>

#include "capture/backend.h"
#include "capture/child.h"
#include "capture/ptrace_filter.h"
#include "capture/rights.h"
#include "capture/state.h"
#include "datas/buf.h"
#include "datas/hmap.h"
#include "trace/values.h"
#include "vmap.h"

/* Shared by the files of the ptrace backend. */

/* Internal results of interrupted calls, linux/errno.h: they are made again, or end as EINTR. */
enum {
	KERNEL_ERESTARTSYS = 512,	   /* again, unless a handler without SA_RESTART ran */
	KERNEL_ERESTARTNOINTR = 513,	   /* always again */
	KERNEL_ERESTARTNOHAND = 514,	   /* again, unless any handler ran */
	KERNEL_ERESTART_RESTARTBLOCK = 516 /* as before, but through restart_syscall(2) */
};

enum call_state {
	CALL_RUNNING,  /* entered */
	CALL_BROKEN,   /* interrupted; not known yet whether it is made again */
	CALL_SUSPENDED /* interrupted; a signal handler runs and the call is made again after it */
};

/* One call of a task from its entry to its record. */
struct call {
	struct call *below; /* the suspended one that a signal handler's call interrupts */
	enum call_state state;
	struct rec rec;
	uint64_t nr, entry, ip, sp;
	struct name *name[2]; /* entries of path and path2; NULL when they were not reached */
	uint64_t pointer;     /* of an ioctl(2), a handle, or an attribute of setxattrat(2) */
	unsigned how;	      /* enum compat_how, of a 32-bit program's call */
	u64_vec vec;	      /* what rec.vec points to */
	struct ring *ring;    /* that an io_uring call is about; NULL = none, or not known */
	uint64_t kept;	      /* ... and the address of its struct */
	char path[PATH_MAX], path2[PATH_MAX];
};

/* A thread group: what its threads share. */
struct process {
	uint32_t pid;
	uint32_t parent; /* PID of the recorded one that forked it, 0 = none */
	unsigned told;	 /* the file of the rotation that has its descriptors */
	unsigned tasks;
	struct dir *cwd, *root; /* valid while dirs_known; NULL = cannot be told */
	bool dirs_known;
	bool dirs_shared; /* with another process, or not by all threads: never known for long */
	bool files_shared; /* its descriptor table, with another process */
	struct vmap *maps; /* of files; NULL = none. Shared after CLONE_VM */
	bool blind;	  /* its memory cannot be read: that was reported */
	uint64_t comm_fd; /* a descriptor of what may be a thread's name in /proc, + 1; 0 = none */
};

#define REGISTERED_RINGS 16 /* IO_RINGFD_REG_MAX of the kernel */

/* One thread. */
struct task {
	struct hnode node; /* by tid */
	uint32_t tid;
	struct process *proc; /* NULL: its creator's event has not come yet */
	struct call *call;    /* the innermost one, NULL = none */
	struct call *spare;
	unsigned unrecorded;  /* inside a call without a row: 1 + its index; 0 = none */
	bool identity;	      /* inside a call that gives it another name or user */
	struct state_of_thread is; /* as it was told last */
	int held;      /* wait status of its first stop while proc is NULL, 0 = has not stopped */
	bool waiting;  /* stands before a call until another file has begun */
	bool stepping; /* resumed by a single step, to see whether a handler is entered */
	bool ended;    /* its end has been recorded */
	struct stand *stand; /* ptrace_hold.c; NULL = has not met another task yet */
	struct ring *registered[REGISTERED_RINGS]; /* by index, see IORING_REGISTER_RING_FDS */
};

/* A descriptor that was sent and, as far as is known, not received yet. */
struct flight {
	uint64_t identity; /* z= of the records */
	struct facts facts;
	uint32_t flags; /* F_GETFL */
	uint32_t tid;	/* of the sender, and the number there */
	int fd;
};

/* ptrace_place.c */
struct placing {
	struct task *task; /* that stopped last, NULL = none */
	unsigned stops;	   /* of it, and no other's since */
	uint64_t until;	   /* what is so stays so, placed or not */
	bool placed;	   /* it and the tracer are kept on CPU, and may be on these: */
	int cpu;
	cpu_set_t of_task, of_tracer;
};

#define TRACER_NUMBERS 512

TAILQ_HEAD(stands, stand);

struct tracer {
	struct capture_job *job;
	struct filter filter;
	struct hmap tasks;
	pid_t main_pid;
	bool alone; /* this process has no children but those that are traced */
	int16_t op_of[TRACER_NUMBERS]; /* enum op_id by system call number, -1 = none */
	unsigned forking;   /* calls under way that may make a child */
	unsigned held;	    /* children whose maker is not known yet */
	struct told_fds told;
	struct ring *rings;
	uint32_t ring_ids;
	VEC(struct flight) flights; /* the oldest first */
	uint64_t last_identity;
	bool lacks;	    /* the kernel has no PTRACE_GET_SYSCALL_INFO */

	/* ptrace_limits.c */
	bool every;	    /* no filter, every call is stopped: it can be left again */
	int go;		    /* how tasks are resumed outside of recorded calls */
	bool rotating;	    /* another file will begin, and calls wait for it */
	uint64_t rotate_by; /* at that time at the latest */
	unsigned file;	    /* of the rotation, from 0 */
	bool over;	    /* the recording has ended, and the program is left alone */
	bool main_over;	    /* it has ended after that */

	struct placing placing;

	/* ptrace_hold.c */
	struct stands running; /* what others wait for */
	struct stands held_calls; /* the oldest first */
	bool may_go;	       /* something is over that they wait for */
	bool hurries;	       /* the timer looks after them */
};

/* The state of PTRACE_GET_SYSCALL_INFO. */
typedef struct __ptrace_syscall_info syscall_info;

static inline struct who who_of(const struct task *task)
{
	return (struct who){.pid = task->proc->pid, .tid = task->tid};
}

/* --- ptrace.c --- */

struct task *task_find(const struct tracer *t, uint32_t tid);
void task_remove(struct tracer *t, struct task *task);
/* The thread has the number of its process after an exec. */
void task_leads(struct tracer *t, struct task *task);
uint32_t task_event_message(const struct task *task, int event);
bool task_is_restart(int64_t result); /* the call is made again */
bool task_steps(const struct task *task); /* stopped by its single step, not by a signal */
void task_enter(struct tracer *t, struct task *task); /* it stands before a call */

/* --- ptrace_limits.c: other files, and the end of a recording before that of the program --- */

/*
 * Another file begins when no call is having its effect: no task may enter a call until those under
 * way are over, or sleep. True when the one that is about to make a call must wait before it.
 */
bool limits_hold(struct tracer *t);
void limits_poll(struct tracer *t); /* now and then while t->rotating */
/* What the task does: a letter of proc(5), 0 = it is gone. */
char limits_state(const struct task *task);
/* Its /proc/PID/stat: the space before the third field, which tells the state. NULL: it is gone. */
#define TASK_STAT 1024
const char *task_stat(const struct task *task, char text[TASK_STAT]);

/* Ends the recording when a limit says so. */
void limits_check(struct tracer *t);
/*
 * What wait(2) says when t->over. A task is left at its next stop, where that changes nothing: to stop
 * it now could break the call that it is in.
 */
void limits_wait(struct tracer *t, uint32_t tid, int status);

/*
 * --- ptrace_hold.c: the order of calls that overlap ---
 *
 * Only entries and exits of calls are seen. Two that overlap took effect in an order that nobody sees:
 * where it matters (footprint.h) the second one waits at its entry until the first is over. A
 * call that sleeps where a signal could wake it is not waited for, nor any other for long.
 */
/* True: the task waits. Around call_touch_names(), whose NAMEs they are; the second one lets it begin. */
bool hold_before_names(struct tracer *t, struct task *task, const struct rec *rec);
bool hold_behind_names(struct tracer *t, struct task *task, struct name *const name[2]);
/* Whether the walk that is under way was stopped by a name that another call changes. */
bool hold_stopped(const struct task *task);
/* The same before an exit_group. */
bool hold_before_end(struct tracer *t, struct task *task);
/* Its call is over, or the task will never make it: who waits for that may go on soon. */
void hold_over(struct task *task);
void hold_forget(struct task *task);
bool hold_is_held(const struct task *task);
/* Now and then: lets go who waits for nothing any more. */
void hold_release(struct tracer *t);
void hold_tick(struct tracer *t); /* after some ms while t->hurries */

/*
 * --- ptrace_place.c: the processor that a task and the tracer share ---
 *
 * The program does not notice: calls that ask for its processors or choose them are stopped, and the task has its own
 * set again before they are made, and before /proc/self/status is opened; and so has what it starts.
 */
void place_stop(struct placing *p, struct task *task); /* at each stop, before what it is about */
void place_leave(struct placing *p);
void place_inherit(const struct placing *p, uint32_t tid); /* a new task, before it runs */
void place_forget(struct placing *p, const struct task *task); /* it is gone */
bool place_shows(const syscall_info *info); /* the call could see it, */
bool place_tells(struct str path); /* or what it opens */

/* --- ptrace_child.c --- */

/* Attaches to it with these ptrace options. -EPERM with the reason, as far as it can be found. */
int child_seize(const struct child *child, long options, struct err *err);

/* --- ptrace_signals.c: what the tracer's own process does with signals --- */

#define SIGNALS_TAKEN 7

struct signals {
	struct sigaction old[SIGNALS_TAKEN];
};

/*
 * From here on, what the terminal sends to the process group is the program's business alone; a
 * timer interrupts wait(2) once a second; SIGTERM is kept for signals_term().
 */
void signals_take(struct signals *s);
void signals_give_back(struct signals *s);
bool signals_term(void); /* true once for each SIGTERM that came */
bool signals_tick(void); /* true once a second, */
void signals_hurry(bool hurry); /* or each HOLD_TICK */
#define HOLD_TICK_US 10000

/*
 * The program's first process has been stopped by SIG. When that stops the job that we are part of,
 * the shell must see us stopped too, or it would wait for ever.
 */
void signals_stop_with(pid_t program, int sig);

/* --- ptrace_call.c: what is recorded --- */

/* The call that the task enters: arguments and the names it will touch. HOW: enum compat_how. */
enum call_begun { CALL_BEGUN, CALL_HELD, CALL_NO_MEMORY };
enum call_begun call_begin(struct tracer *t, struct task *task, enum op_id op, unsigned how,
	const syscall_info *info);
/* The records of all names that the call may touch, before it does. */
void call_touch_names(struct tracer *t, struct task *task, struct call *call);
/* The same for any record, and what became of the names when it is over. */
void names_touch(struct tracer *t, struct task *task, const struct rec *rec, struct name *name[2]);
void names_follow(struct task *task, const struct rec *rec, struct name *const name[2]);
/* Its result, and its record. The call is over and the one below it is current again. */
void call_finish(struct tracer *t, struct task *task, int64_t result);
/* The task is killed: its last call may have had its effect all the same. */
void call_finish_killed(struct tracer *t, struct task *task);
/* Without a record. */
void call_drop(struct tracer *t, struct task *task);
void call_free_all(struct tracer *t, struct task *task);

/* A record without result: exit calls and task_end. Ends of threads are written once. */
void call_put_end(struct tracer *t, struct task *task, enum op_id op, int status);

/* --- ptrace_rights.c: descriptors that come from other processes --- */

/* Whether a call that may pass descriptors cannot do so: nothing of it is recorded. */
bool rights_cannot(const struct task *task, enum op_id op, const syscall_info *info);
/* The record of a sendmsg that is about to begin, if it passes descriptors. */
void rights_send(struct tracer *t, struct task *task, enum op_id op, const syscall_info *info);
/* Records of what a call has brought, before its own. False: it brought none, and is not recorded. */
bool rights_receive(struct tracer *t, struct task *task, struct call *call);
/* The process that a pidfd of the task stands for, 0 = not known. */
uint32_t rights_owner(const struct task *task, int pidfd);

/* --- ptrace_unrecorded.c: calls that are lost --- */

#define UNRECORDED_MAX 32

size_t unrecorded_numbers(unsigned *numbers, size_t max);
/* Whether the call that the task enters is one of them and its result is wanted. */
bool unrecorded_begin(struct task *task, const syscall_info *info);
void unrecorded_finish(struct tracer *t, struct task *task, int64_t result);

/* --- ptrace_comm.c: what threads are called --- */

#define COMM_NUMBERS 4

size_t comm_numbers(unsigned *numbers);
/* Whether the call that the task enters is one that gives it another name or user; COMPAT: of a 32-bit program. */
bool comm_begin(struct task *task, const syscall_info *info, bool compat);
void comm_finish(struct tracer *t, struct task *task, int64_t result);
/* Of a thread whose state is told. */
void comm_tell_now(struct tracer *t, struct task *task);
void comm_fork(const struct task *parent, struct task *child);
/* It executes PROGRAM, which its record says. */
void comm_exec(struct tracer *t, struct task *task, struct str program);
/* The record of the call that is over. */
void comm_after(struct tracer *t, struct task *task, const struct rec *r);

/* --- ptrace_uring.c: what io_uring rings do --- */

/*
 * At the entry of any call: the submissions that io_uring_enter(2) is about to take, while they still
 * stand in the queue, and the completions that came since the last look. A call that closes a ring
 * ends it.
 */
void uring_begin(struct tracer *t, struct task *task, struct call *call);
/* The record of a call that is over; that of an io_uring call is followed by those of submissions. */
void uring_put(struct tracer *t, struct task *task, struct call *call);
/* The process is GONE, or executed another program: the rings that nobody has any more end. */
void uring_process_end(struct tracer *t, struct task *task, bool gone);
/* Another file of a rotation begins: the rings, and the names that submissions under way will touch. */
void uring_tell(struct tracer *t);
void uring_free(struct tracer *t);

/* --- ptrace_maps.c: memory maps of files, and the pages of them that are touched --- */

/* Whether the call, with the registers ARG, is one on a file. True for all that are not on memory. */
bool maps_wanted(const struct tracer *t, const struct task *task, enum op_id op,
	const uint64_t *arg);
/* Records the pages of maps that the call is about to end or to sync. */
void maps_before(struct tracer *t, struct task *task, const struct rec *rec);
/* The call had its effect. */
void maps_after(struct task *task, const struct rec *rec);
/* The thread ends, and maybe its process: as maps_before(). */
void maps_at_end(struct tracer *t, struct task *task, enum op_id op);
/* In a new file of a rotation: what is mapped of files, as calls that map it. */
void maps_tell(struct tracer *t, const struct task *task);
void maps_inherit(struct process *child, struct process *parent, uint64_t flags);
void maps_drop(struct process *proc);

/* --- ptrace_fetch.c --- */

/*
 * Brings rec.arg[] into the form that struct rec asks for: narrows the registers and reads what is
 * behind pointers. Pointers that are bad (EFAULT) leave their strings and vectors missing. -errno
 * when the memory may not be read at all.
 */
int fetch_args(pid_t tid, struct call *call);

/* Of a lock that may be waited for: where its range counts from by now. */
void fetch_lock_base(pid_t tid, struct call *call);

/* When rec.ret is there: what the call has put where its arguments point to. */
void fetch_results(pid_t tid, struct call *call);

/* Facts of an access control list that REC sets, whose value begins at VALUE; none where that cannot be read. */
void fetch_list(pid_t tid, struct rec *rec, uint64_t value);

/* 0, or -errno when not all of LEN bytes could be read. */
int fetch_memory(pid_t tid, uint64_t addr, void *to, size_t len);

/* A string as getname() of the kernel takes it, into PATH_MAX bytes. -EFAULT. */
int fetch_path(pid_t tid, uint64_t addr, char *to, struct str *out);

/* The lengths of N segments, in NARROW structs of a 32-bit program. */
int fetch_iov(pid_t tid, uint64_t addr, uint64_t n, bool narrow, uint64_t *lengths);

/* For a task that is about to end: what the call NR returned that it made last. False: nothing. */
bool fetch_last_result(pid_t tid, uint64_t nr, int64_t *result);

/*
 * For a task that stands at the first instruction of a signal handler: where the handler will
 * return to. 0 when it cannot be read.
 */
uint64_t fetch_handler_return(pid_t tid, uint64_t sp);

#endif
