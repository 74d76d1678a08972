/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
#ifndef IORIOT_SYSTEMTAP_SESSION_H
#define IORIOT_SYSTEMTAP_SESSION_H

#include <linux/nsproxy.h>
#include <linux/path.h>
#include <linux/types.h>

#include "capture/wire.h"
#include "ops/layers.h"

/* What all hooks read and only the control file writes. */

enum session_state { SESSION_IDLE, SESSION_STARTED, SESSION_STOPPED };

#define FILTERS_MAX 16

struct session {
	int state;	/* enum session_state */
	bool by_file;	/* only what is about files that are watched */
	bool all;	/* every process, less what the filters keep out */
	u32 epoch;	/* of the filters: what was decided in an earlier one is void */
	u32 generation; /* of the states: those of earlier ones must be told again */
	unsigned int comms, uids;
	char comm[FILTERS_MAX][TASK_COMM_LEN];
	uid_t uid[FILTERS_MAX];
	bool on[LAYER_COUNT];  /* layers that are recorded ... */
	u32 each[LAYER_COUNT]; /* ... one event in so many; 0: they are only summed up */
	/* of rows that need one of these: */
	u32 need_pids[WIRE_NEED_IDS], need_tids[WIRE_NEED_IDS], need_uids[WIRE_NEED_IDS];
	char need_comm[WIRE_NEED_IDS][TASK_COMM_LEN];
	unsigned int need_pid_count, need_tid_count, need_uid_count, need_comms;
	u64 secret;
	/* of the process that started it, which will look at the names */
	struct dentry *root_dentry;
	struct vfsmount *root_mnt;
	struct mnt_namespace *mounts;
};

static struct session session __read_mostly = {.epoch = 1, .on[LAYER_SYS] = true, .each[LAYER_SYS] = 1};

static inline bool session_on(void)
{
	return READ_ONCE(session.state) == SESSION_STARTED;
}

#endif
