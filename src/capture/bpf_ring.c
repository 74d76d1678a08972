/* SPDX-License-Identifier: Apache-2.0 */
#include <bpf/bpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "capture/bpf.h"

#define BLOCK	  (64u << 10)
#define RING_PART ((size_t)BPF_PART + BPF_SLACK)

unsigned bpf_running_kernel(void)
{
	unsigned major = 0, minor = 0;
	struct utsname host;

	if (uname(&host) || sscanf(host.release, "%u.%u", &major, &minor) != 2)
		return 0;
	return major * 1000 + minor;
}

/*
 * The kernel puts code in place of the call that finds a part; that of Linux 6.0 to 6.3, but for their last
 * versions, finds the first part always. Of maps with this flag, which Linux 5.10 was the first to know, the call is
 * made.
 */
static uint32_t how_found(void)
{
	unsigned version = bpf_running_kernel();

	return version >= 6000 && version < 6004 ? BPF_F_INNER_MAP : 0;
}

int bpf_ring_open(struct bpf_ring *r, unsigned cpu, size_t size, struct err *err)
{
	const struct bpf_map_create_opts opts = {.sz = sizeof(opts), .map_flags = BPF_F_MMAPABLE | how_found()};
	uint32_t parts = (uint32_t)(size / BPF_PART);
	void *data;

	*r = (struct bpf_ring){.cpu = cpu, .size = size};
	r->fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, "ioriot", sizeof(uint32_t), BPF_PART + BPF_SLACK, parts, &opts);
	if (r->fd < 0)
		return err_sys(err, -r->fd, "cannot make a ring of %zu MiB for processor %u", size >> 20, cpu);
	data = mmap(NULL, parts * RING_PART, PROT_READ, MAP_SHARED, r->fd, 0);
	if (data == MAP_FAILED)
		return err_sys(err, errno, "cannot map the ring of processor %u", cpu);
	r->data = data;
	return 0;
}

void bpf_ring_close(struct bpf_ring *r)
{
	if (r->data)
		munmap((void *)r->data, r->size / BPF_PART * RING_PART);
	if (r->fd >= 0)
		close(r->fd);
}

static const unsigned char *record_at(const struct bpf_ring *r, uint64_t at)
{
	uint64_t place = at & (r->size - 1);

	return r->data + place / BPF_PART * RING_PART + place % BPF_PART;
}

static struct merge_block *new_block(struct merge_list *list, uint64_t lost)
{
	struct merge_block *block = malloc(sizeof(*block) + BLOCK);

	if (!block)
		return NULL;
	*block = (struct merge_block){.lost = lost};
	*list->end = block;
	list->end = &block->next;
	list->bytes += sizeof(*block);
	return block;
}

/* One record of SIZE bytes; *BLOCK is the one that it is put into. */
static int take_record(struct bpf_ring *r, const unsigned char *p, uint32_t size, struct merge_list *list,
	struct merge_block **block)
{
	struct bpf_sample sample;
	uint64_t lost;

	memcpy(&sample, p, sizeof(sample));
	lost = sample.before - r->made;
	if (lost || !*block || size > BLOCK - (*block)->size)
		*block = new_block(list, lost);
	if (!*block)
		return -ENOMEM;
	memcpy((*block)->bytes + (*block)->size, p + sizeof(sample), size);
	(*block)->size += size;
	list->bytes += size;
	(*block)->count++;
	r->lost += lost;
	r->received++;
	r->made = sample.before + 1;
	return 0;
}

int bpf_ring_take(struct bpf_ring *r, const volatile struct bpf_cpu *cpu, volatile struct bpf_reader *reader,
	size_t room, struct merge_list *list, uint64_t *t)
{
	uint64_t at = reader->at, end = __atomic_load_n(&cpu->end, __ATOMIC_ACQUIRE);
	struct merge_block *block = NULL;
	int rc = 0;

	while (!rc && at < end) {
		const unsigned char *p = record_at(r, at);
		struct wire_rec rec;

		memcpy(&rec, p + sizeof(struct bpf_sample), sizeof(rec));
		if (list->bytes >= room) {
			*t = rec.t;
			rc = 1;
			break;
		}
		rc = take_record(r, p, rec.size, list, &block);
		at = bpf_ring_next(at, sizeof(struct bpf_sample) + rec.size);
	}
	__atomic_store_n(&reader->at, at, __ATOMIC_RELEASE);
	return rc;
}
