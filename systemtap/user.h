/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
#ifndef IORIOT_SYSTEMTAP_USER_H
#define IORIOT_SYSTEMTAP_USER_H

#include <linux/uaccess.h>

/* Memory of the program, as far as it is there: page faults are off. */
static bool user_copy(void *to, u64 address, unsigned int len)
{
	const void __user *from = (const void __user *)(uintptr_t)address;
	bool done;

	if (!access_ok(from, len))
		return false;
	pagefault_disable();
	done = __copy_from_user_inatomic(to, from, len) == 0;
	pagefault_enable();
	return done;
}

#endif
