/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
#ifndef IORIOT_SYSTEMTAP_SCOPE_H
#define IORIOT_SYSTEMTAP_SCOPE_H

#include <linux/cred.h>
#include <linux/pid.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>

#include "compat.h"
#include "session.h"
#include "thread.h"

/* Who is recorded. */

/*
 * Marks: by whoever writes "pid" or "exclude", and by the hooks of forks and ends. A child that is
 * in the list of tasks when its maker is marked is found there; later ones inherit the mark.
 */
static DEFINE_RAW_SPINLOCK(scope_lock);
static int scope_marked; /* threads with MARK_IN */

/* --- marks --- */

static void mark_set(struct thread *th, unsigned int mark)
{
	scope_marked += !!(mark & MARK_IN) - !!(th->mark & MARK_IN);
	WRITE_ONCE(th->mark, mark);
}

/* The thread CHILD begins: its entry may be of another thread that is no more. */
static struct thread *thread_fork(const struct task_struct *parent, const struct task_struct *child)
{
	struct thread *from = thread_find(parent->pid), *to = thread_find(child->pid), *leader;

	if (!to && !(from && READ_ONCE(from->mark)) && !session.all)
		return NULL;
	to = thread_get(child->pid);
	if (!to)
		return NULL;
	raw_spin_lock(&scope_lock);
	from = thread_find(parent->pid); /* it may have been marked meanwhile, and the child, too */
	mark_set(to, from ? from->mark : 0);
	leader = thread_find(parent->tgid);
	to->told = leader ? READ_ONCE(leader->told) : 0;
	to->uid = from ? from->uid : 0;
	to->flags = 0;
	to->epoch = 0;
	to->unseen = 0;
	to->telling = 0;
	to->fault = 0;
	to->event = 0;
	to->event_restart = 0;
	raw_spin_unlock(&scope_lock);
	return to;
}

/* No thread is marked behind its end: PF_EXITING was set before. */
static void thread_end(struct thread *th)
{
	raw_spin_lock(&scope_lock);
	mark_set(th, 0);
	raw_spin_unlock(&scope_lock);
}

/* A thread that executes a program takes its leader's number, whose mark and call went with it. */
static struct thread *thread_take_leader(pid_t old, pid_t now)
{
	struct thread *from = thread_find(old), *to;
	unsigned int mark;

	if (old == now || !from)
		return from;
	to = thread_get(now);
	raw_spin_lock(&scope_lock);
	mark = from->mark;
	mark_set(from, 0);
	if (to) {
		mark_set(to, mark);
		to->flags = from->flags;
		to->nr = from->nr;
		to->entry = from->entry;
		to->kept = from->kept;
		to->in_all = from->in_all;
		to->uid = from->uid;
		to->epoch = from->epoch;
	}
	raw_spin_unlock(&scope_lock);
	return to;
}

/* 1 when it was marked just now, -ENOMEM. */
static int mark_task(struct task_struct *task, unsigned int mark)
{
	struct thread *th = thread_get(task->pid);
	int news = 0;

	if (!th)
		return -ENOMEM;
	raw_spin_lock(&scope_lock);
	if (!(task->flags & PF_EXITING) && !(th->mark & mark)) {
		mark_set(th, th->mark | mark);
		news = 1;
	}
	raw_spin_unlock(&scope_lock);
	return news;
}

static bool is_marked(const struct task_struct *task, unsigned int mark)
{
	const struct thread *th = thread_find(task->pid);

	return th && (READ_ONCE(th->mark) & mark);
}

/*
 * Marks the threads of process TGID, and those whose maker is marked: one generation at a time.
 * 1 when there was one, -ENOMEM.
 */
static int mark_some(pid_t tgid, unsigned int mark)
{
	struct task_struct *process, *task;
	int rc = 0, news = 0;

	rcu_read_lock();
	for_each_process_thread(process, task) {
		if (task->tgid == tgid || is_marked(rcu_dereference(task->real_parent), mark))
			rc = mark_task(task, mark);
		if (rc < 0)
			goto out;
		news |= rc;
	}
out:
	rcu_read_unlock();
	return rc < 0 ? rc : news;
}

/* The process that the writer of the control file calls PID, and all that came from it. */
static int scope_mark(pid_t pid, unsigned int mark)
{
	struct task_struct *task;
	pid_t tgid = 0;
	int rc;

	rcu_read_lock();
	task = pid_task(find_vpid(pid), PIDTYPE_PID);
	if (task)
		tgid = task->tgid;
	rcu_read_unlock();
	if (!tgid)
		return -ESRCH;
	while ((rc = mark_some(tgid, mark)) > 0)
		cond_resched();
	return rc;
}

/* --- "all" --- */

static bool comm_is(const char *comm, const char *name)
{
	return strncmp(comm, name, TASK_COMM_LEN) == 0;
}

static bool comm_wanted(const char *comm)
{
	unsigned int i;

	if (comm_is(comm, "ioriot") || comm_is(comm, "stapio") || comm_is(comm, "staprun"))
		return false;
	for (i = 0; i < session.comms; i++)
		if (comm_is(comm, session.comm[i]))
			return true;
	return session.comms == 0;
}

static bool uid_wanted(uid_t uid)
{
	unsigned int i;

	for (i = 0; i < session.uids; i++)
		if (session.uid[i] == uid)
			return true;
	return session.uids == 0;
}

/* The same for all threads of a process, and kept until the filters change or what they look at. */
static bool scope_decide(struct thread *th)
{
	const struct task_struct *leader = current->group_leader;
	u32 epoch = READ_ONCE(session.epoch);

	smp_rmb();
	th->in_all = uid_wanted(from_kuid(&init_user_ns, task_uid(leader))) &&
		     comm_wanted(leader->comm);
	th->epoch = epoch;
	return th->in_all;
}

static inline bool scope_has(struct thread *th)
{
	unsigned int mark = READ_ONCE(th->mark);

	if (mark)
		return mark == MARK_IN;
	if (!READ_ONCE(session.all))
		return false;
	return likely(th->epoch == READ_ONCE(session.epoch)) ? th->in_all : scope_decide(th);
}

/* For whom the current thread works: a worker of an io_uring is its process's. NULL: who is not recorded. */
static struct thread *scope_thread(void)
{
	pid_t pid = is_ring_thread(current) ? current->tgid : current->pid;
	struct thread *th = thread_find(pid);

	if (!th && READ_ONCE(session.all))
		th = thread_get(pid);
	return th && scope_has(th) ? th : NULL;
}

static void forget_decisions(bool state)
{
	struct task_struct *task;

	rcu_read_lock();
	for_each_thread(current, task) {
		struct thread *th = thread_find(task->pid);

		if (!th)
			continue;
		WRITE_ONCE(th->epoch, 0);
		if (state)
			WRITE_ONCE(th->told, 0);
	}
	rcu_read_unlock();
}

/*
 * Its name or user changed: its threads decide again. What comes into scope tells its state. True
 * when it left the scope.
 */
static bool scope_changed(struct thread *th)
{
	bool was_in = scope_has(th), is_in;

	forget_decisions(false);
	is_in = scope_has(th);
	if (!was_in && is_in)
		forget_decisions(true);
	return was_in && !is_in;
}

#endif
