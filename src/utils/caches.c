/* SPDX-License-Identifier: Apache-2.0 */
#include "utils/caches.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#define CONTROL "/proc/sys/vm/drop_caches"

int drop_caches(struct err *err)
{
	int fd = open(CONTROL, O_WRONLY | O_CLOEXEC);
	int rc = 0;

	if (fd < 0)
		return err_sys(err, errno, "cannot drop the caches, which needs root: " CONTROL);
	sync(); /* dirty pages cannot be dropped */
	if (write(fd, "3", 1) != 1)
		rc = err_sys(err, errno, "cannot drop the caches: " CONTROL);
	close(fd);
	return rc;
}
