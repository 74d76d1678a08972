/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
#ifndef IORIOT_SYSTEMTAP_CONTROL_H
#define IORIOT_SYSTEMTAP_CONTROL_H

#include <linux/mutex.h>
#include <linux/proc_fs.h>
#include <linux/random.h>
#include <linux/seq_file.h>

#include "hooks.h"
#include "tables.h" /* of the build: IORIOT_TABLES */

/* The files ctl and status: wire.h says what they take and give. */

enum variant { VARIANT_IORIOT, VARIANT_TARGETED, VARIANT_JAVA };

static const char *const variant_names[] = {"ioriot", "targetedioriot", "javaioriot"};

static DEFINE_MUTEX(control_lock);
static bool comm_default; /* the filter is the variant's, not the user's */

static void filters_changed(void)
{
	smp_wmb();
	WRITE_ONCE(session.epoch, session.epoch + 1);
}

/* --- commands --- */

static int command_all(const char *arg)
{
	if (IORIOT_VARIANT == VARIANT_TARGETED)
		return -EPERM;
	WRITE_ONCE(session.all, true);
	return 0;
}

static int to_pid(const char *arg, pid_t *pid)
{
	int rc = kstrtoint(arg, 10, pid);

	return rc ? rc : *pid > 0 ? 0 : -EINVAL;
}

static int command_pid(const char *arg)
{
	pid_t pid;
	int rc = to_pid(arg, &pid);

	return rc ? rc : scope_mark(pid, MARK_IN);
}

static int command_exclude(const char *arg)
{
	pid_t pid;
	int rc = to_pid(arg, &pid);

	return rc ? rc : scope_mark(pid, MARK_OUT);
}

static int add_comm(const char *name)
{
	if (!*name || session.comms == FILTERS_MAX)
		return -EINVAL;
	/* the kernel cuts names, too */
	strscpy(session.comm[session.comms], name, TASK_COMM_LEN);
	smp_wmb();
	session.comms++;
	filters_changed();
	return 0;
}

static int command_comm(const char *arg)
{
	if (comm_default)
		session.comms = 0;
	comm_default = false;
	return add_comm(arg);
}

static int command_uid(const char *arg)
{
	uid_t uid;
	int rc = kstrtouint(arg, 10, &uid);

	if (rc || session.uids == FILTERS_MAX)
		return rc ? rc : -EINVAL;
	session.uid[session.uids] = uid;
	smp_wmb();
	session.uids++;
	filters_changed();
	return 0;
}

/* The module is loaded for one session, so nothing puts the row back. */
static int command_without(const char *arg)
{
	unsigned int number;
	int rc = kstrtouint(arg, 10, &number);

	if (rc || number >= ROW_NUMBERS || rows[number].what != ROW_CALL)
		return rc ? rc : -EINVAL;
	rows[number].what = ROW_NOT_WATCHED;
	return 0;
}

/* "cache=64": one event in 64; 0: they are only summed up. "sys=0": no calls. */
static int command_layer(const char *arg)
{
	const char *text = strchr(arg, '=');
	u32 each;
	int i, rc = text ? kstrtouint(text + 1, 10, &each) : -EINVAL;

	if (rc)
		return rc;
	for (i = 0; i < LAYER_COUNT; i++)
		if (strlen(layer_names[i]) == (size_t)(text - arg) && strncmp(layer_names[i], arg, text - arg) == 0)
			break;
	if (i == LAYER_COUNT || (i == LAYER_SYS && each > 1))
		return -EINVAL;
	if (i != LAYER_SYS)
		return layer_on(i, each);
	session.on[LAYER_SYS] = each;
	if (!each)
		call_hooks_off();
	return 0;
}

/* "NUMBER NEED LATENCY": what a call must be to be worth a record, enum wire_need, and ns. */
static int command_need(const char *arg)
{
	unsigned int number, need;
	u64 latency;

	if (sscanf(arg, "%u %u %llu", &number, &need, &latency) != 3)
		return -EINVAL;
	if (number >= ROW_NUMBERS || rows[number].what != ROW_CALL || need > U8_MAX)
		return -EINVAL;
	rows[number].need = rows[number].flags & ROW_AT_ENTRY ? 0 : need; /* which may have told of it by then */
	need_latency[number] = latency;
	return 0;
}

static int add_need(u32 *ids, unsigned int *n, const char *arg)
{
	int rc = *n < WIRE_NEED_IDS ? kstrtou32(arg, 10, &ids[*n]) : -EINVAL;

	*n += !rc;
	return rc;
}

static int command_need_pid(const char *arg)
{
	return add_need(session.need_pids, &session.need_pid_count, arg);
}

static int command_need_tid(const char *arg)
{
	return add_need(session.need_tids, &session.need_tid_count, arg);
}

static int command_need_uid(const char *arg)
{
	return add_need(session.need_uids, &session.need_uid_count, arg);
}

static int command_need_comm(const char *arg)
{
	if (!*arg || session.need_comms == WIRE_NEED_IDS)
		return -EINVAL;
	strscpy(session.need_comm[session.need_comms++], arg, TASK_COMM_LEN);
	return 0;
}

static int command_by_file(const char *arg)
{
	session.by_file = true;
	return 0;
}

/* "MAJOR:MINOR:INODE", the device being the super block's. */
static int change_file(const char *arg, int (*change)(dev_t dev, u64 ino))
{
	unsigned int major, minor;
	u64 ino;

	if (!session.by_file || sscanf(arg, "%u:%u:%llu", &major, &minor, &ino) != 3)
		return -EINVAL;
	return change(MKDEV(major, minor), ino);
}

static int command_file(const char *arg)
{
	return change_file(arg, watched_add);
}

static int command_without_file(const char *arg)
{
	return change_file(arg, watched_remove);
}

static int command_start(const char *arg)
{
	session.root_dentry = current->fs->root.dentry;
	session.root_mnt = current->fs->root.mnt;
	session.mounts = current->nsproxy->mnt_ns;
	session.generation++;
	get_random_bytes(&session.secret, sizeof(session.secret));
	names_forget();
	smp_store_release(&session.state, SESSION_STARTED);
	return 0;
}

static int command_again(const char *arg)
{
	names_forget();
	WRITE_ONCE(session.generation, session.generation + 1);
	return 0;
}

static int command_flush(const char *arg)
{
	blocks_flush();
	return 0;
}

/* Calls of other interfaces that no later record would tell of. */
static void settle_all(void)
{
	struct task_struct *process, *task;

	rcu_read_lock();
	for_each_process_thread(process, task) {
		struct thread *th = thread_find(task->pid);

		if (!th)
			continue;
		preempt_disable();
		foreign_settle(task, th);
		preempt_enable();
	}
	rcu_read_unlock();
}

static void session_stop(void)
{
	WRITE_ONCE(session.state, SESSION_STOPPED);
	synchronize_rcu(); /* no hook makes records any more */
	settle_all();
}

static int command_stop(const char *arg)
{
	if (session_on())
		session_stop();
	blocks_flush();
	return 0;
}

#define IN(state) (1u << (state))

static const struct command {
	const char *name;
	int (*run)(const char *arg);
	bool has_arg;
	unsigned int states; /* in which it is allowed */
} commands[] = {
	{"all", command_all, false, IN(SESSION_IDLE) | IN(SESSION_STARTED)},
	{"pid", command_pid, true, IN(SESSION_IDLE) | IN(SESSION_STARTED)},
	{"comm", command_comm, true, IN(SESSION_IDLE) | IN(SESSION_STARTED)},
	{"uid", command_uid, true, IN(SESSION_IDLE) | IN(SESSION_STARTED)},
	{"exclude", command_exclude, true, IN(SESSION_IDLE) | IN(SESSION_STARTED)},
	{"without", command_without, true, IN(SESSION_IDLE)},
	{"layer", command_layer, true, IN(SESSION_IDLE)},
	{"need", command_need, true, IN(SESSION_IDLE)},
	{"need_pid", command_need_pid, true, IN(SESSION_IDLE)},
	{"need_tid", command_need_tid, true, IN(SESSION_IDLE)},
	{"need_uid", command_need_uid, true, IN(SESSION_IDLE)},
	{"need_comm", command_need_comm, true, IN(SESSION_IDLE)},
	{"by_file", command_by_file, false, IN(SESSION_IDLE)},
	{"file", command_file, true, IN(SESSION_IDLE) | IN(SESSION_STARTED)},
	{"without_file", command_without_file, true, IN(SESSION_IDLE) | IN(SESSION_STARTED)},
	{"start", command_start, false, IN(SESSION_IDLE)},
	{"again", command_again, false, IN(SESSION_STARTED)},
	{"flush", command_flush, false, IN(SESSION_STARTED) | IN(SESSION_STOPPED)},
	{"stop", command_stop, false, IN(SESSION_STARTED) | IN(SESSION_STOPPED)},
};

/* LINE is cut at its first blank. */
static int command_run(char *line)
{
	char *arg = line, *name = strsep(&arg, " ");
	int i;

	for (i = 0; i < ARRAY_SIZE(commands); i++) {
		const struct command *c = &commands[i];

		if (strcmp(c->name, name) != 0)
			continue;
		if (c->has_arg != !!arg || !(c->states & IN(session.state)))
			return -EINVAL;
		return c->run(arg);
	}
	return -EINVAL;
}

static ssize_t ctl_write(struct file *file, const char __user *from, size_t len, loff_t *pos)
{
	char line[64];
	int rc;

	if (len == 0 || len >= sizeof(line))
		return -EINVAL;
	if (copy_from_user(line, from, len))
		return -EFAULT;
	line[len] = '\0';
	if (line[len - 1] == '\n')
		line[len - 1] = '\0';
	rc = mutex_lock_interruptible(&control_lock);
	if (rc)
		return rc;
	relay_never_overwrites();
	rc = command_run(line);
	mutex_unlock(&control_lock);
	return rc ? rc : len;
}

/* --- status --- */

static void show_hooks(struct seq_file *m, const char *title, bool on)
{
	const char *between = "";
	int i;

	seq_printf(m, "%s=", title);
	for (i = 0; i < ARRAY_SIZE(trace_hooks); i++) {
		if (trace_hooks[i].on == on && (on || calls_hooked)) {
			seq_printf(m, "%s%s", between, trace_hooks[i].name);
			between = ",";
		}
	}
	for (i = 0; i < ARRAY_SIZE(function_hooks); i++) {
		if (function_hooks[i].on == on && (on || calls_hooked)) {
			seq_printf(m, "%s%s", between, function_hooks[i].probe.symbol_name);
			between = ",";
		}
	}
	for (i = 0; i < ARRAY_SIZE(link_hooks); i++) {
		if (link_hooks[i].on && on) { /* what a host does not use is not missing */
			seq_printf(m, "%s%s", between, link_hooks[i].probe.kp.symbol_name);
			between = ",";
		}
	}
	seq_putc(m, '\n');
}

static void not_called_show(struct seq_file *m)
{
	const char *between;
	int i;

	seq_puts(m, "not_called=");
	between = show_not_called(m, "");
	for (i = 0; i < ARRAY_SIZE(function_hooks); i++) {
		const struct function_hook *hook = &function_hooks[i];

		if (!hook->on || READ_ONCE(hook->called))
			continue;
		seq_printf(m, "%s%s:%s", between, hook->probe.symbol_name, hook->probe.symbol_name);
		between = ",";
	}
	seq_putc(m, '\n');
}

static unsigned long hooks_skipped(void)
{
	unsigned long sum = 0;
	int i;

	for (i = 0; i < ARRAY_SIZE(function_hooks); i++)
		sum += function_hooks[i].probe.nmissed;
	for (i = 0; i < ARRAY_SIZE(link_hooks); i++)
		sum += link_hooks[i].probe.nmissed;
	return sum;
}

static int status_show(struct seq_file *m, void *unused)
{
	static const char *const states[] = {"idle", "started", "stopped"};
	int cpu;

	seq_printf(m, "abi=%d\n", WIRE_ABI);
	seq_printf(m, "tables=%s\n", IORIOT_TABLES);
	seq_printf(m, "variant=%s\n", variant_names[IORIOT_VARIANT]);
	seq_printf(m, "state=%s\n", states[READ_ONCE(session.state)]);
	seq_printf(m, "scope=%d\n", session.all ? -1 : READ_ONCE(scope_marked));
	show_hooks(m, "hooks", true);
	show_hooks(m, "missing", false);
	layers_show(m);
	not_called_show(m);
	seq_printf(m, "skipped=%lu\n", hooks_skipped());
	sums_show(m);
	for_each_possible_cpu(cpu) {
		const struct block *b = per_cpu_ptr(&blocks, cpu);

		if (b->bytes || b->made)
			seq_printf(m, "cpu%d=%llu:%llu\n", cpu, b->made, b->dropped);
	}
	return 0;
}

static int status_open(struct inode *inode, struct file *file)
{
	return single_open(file, status_show, NULL);
}

/* --- the files --- */

static const struct proc_ops ctl_ops = {
	.proc_write = ctl_write,
	.proc_lseek = noop_llseek,
};

static const struct proc_ops status_ops = {
	.proc_open = status_open,
	.proc_read = seq_read,
	.proc_lseek = seq_lseek,
	.proc_release = single_release,
};

static struct proc_dir_entry *ctl_file, *status_file;

static void control_off(void)
{
	if (ctl_file)
		proc_remove(ctl_file);
	if (status_file)
		proc_remove(status_file);
	ctl_file = status_file = NULL;
}

/* They belong to whoever loaded the module, as SystemTap's own do. */
static int control_on(void)
{
	kuid_t uid = KUIDT_INIT(_stp_uid);
	kgid_t gid = KGIDT_INIT(_stp_gid);

	if (IORIOT_VARIANT == VARIANT_JAVA) {
		add_comm("java");
		comm_default = true;
	}
	if (!_stp_procfs_module_dir) {
		_stp_error("SystemTap has no directory in /proc");
		return -ENOENT;
	}
	ctl_file = proc_create("ctl", 0200, _stp_procfs_module_dir, &ctl_ops);
	status_file = proc_create("status", 0400, _stp_procfs_module_dir, &status_ops);
	if (!ctl_file || !status_file) {
		control_off();
		return -ENOMEM;
	}
	proc_set_user(ctl_file, uid, gid);
	proc_set_user(status_file, uid, gid);
	return 0;
}

#endif
