/* SPDX-License-Identifier: Apache-2.0 */
#include "capture/buffer.h"

unsigned buffer_size(unsigned asked, unsigned cpus, uint64_t memory)
{
	uint64_t most = (memory >> 20) / 8 / (cpus ? cpus : 1);

	if (asked)
		return asked;
	if (most > BUFFER_DEFAULT)
		return BUFFER_DEFAULT;
	return most ? (unsigned)most : 1;
}
