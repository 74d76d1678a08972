# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Where SystemTap's runtime and the kernel do not fit each other. One line a case, columns separated
# by "|":
#   file of the runtime | header of the kernel | word | sed script
# The script is applied to the file of our copy when the header has the word and the file has not.
#
# 1. task_work_cancel() was renamed in 6.1.103, 6.6.44, 6.10.3 and 6.11, all of them without a number
#    of their own to tell by: SystemTap before 5.2 builds nothing there.
quirks() {
	cat <<'END'
stp_task_work.c|linux/task_work.h|task_work_cancel_func|s/typeof(&task_work_cancel)/typeof(\&task_work_cancel_func)/;s/("task_work_cancel")/("task_work_cancel_func")/
END
}

# The oldest SystemTap that was tried.
# shellcheck disable=SC2034 # build.sh uses it
STAP_OLDEST=4.8
