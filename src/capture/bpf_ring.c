/* SPDX-License-Identifier: Apache-2.0 */
#include <bpf/bpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "capture/bpf.h"

#define BLOCK (64u << 10)

/* The kernel's BPF_MAP_TYPE_RINGBUF: a page with the reader's position, one with the writer's, the data twice. */
int bpf_ring_open(struct bpf_ring *r, unsigned cpu, size_t size, struct err *err)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	void *own, *all;

	*r = (struct bpf_ring){.cpu = cpu, .size = size};
	r->fd = bpf_map_create(BPF_MAP_TYPE_RINGBUF, "ioriot", 0, 0, (uint32_t)size, NULL);
	if (r->fd < 0)
		return err_sys(err, -r->fd, "cannot make a ring of %zu MiB for processor %u", size >> 20, cpu);
	own = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_SHARED, r->fd, 0);
	all = mmap(NULL, page + 2 * size, PROT_READ, MAP_SHARED, r->fd, (off_t)page);
	if (own != MAP_FAILED)
		r->consumed = own;
	if (all != MAP_FAILED) {
		r->produced = all;
		r->data = (const unsigned char *)all + page;
	}
	return r->consumed && r->produced ? 0 : err_sys(err, ENOMEM, "cannot map the ring of processor %u", cpu);
}

void bpf_ring_close(struct bpf_ring *r)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	if (r->consumed)
		munmap(r->consumed, page);
	if (r->produced)
		munmap((void *)r->produced, page + 2 * r->size);
	if (r->fd >= 0)
		close(r->fd);
}

/* The length word of the sample at AT, 0: it is still written. */
static uint32_t sample_at(const struct bpf_ring *r, unsigned long at)
{
	uint32_t len = __atomic_load_n((const uint32_t *)(r->data + (at & (r->size - 1))), __ATOMIC_ACQUIRE);

	return len & BPF_RINGBUF_BUSY_BIT ? 0 : len;
}

static struct merge_block *new_block(struct merge_list *list, uint64_t lost)
{
	struct merge_block *block = malloc(sizeof(*block) + BLOCK);

	if (!block)
		return NULL;
	*block = (struct merge_block){.lost = lost};
	*list->end = block;
	list->end = &block->next;
	list->bytes += sizeof(*block) + BLOCK;
	return block;
}

/* One sample; *BLOCK is the one that records are put into. */
static int take_sample(struct bpf_ring *r, const unsigned char *p, uint32_t len, struct merge_list *list,
	struct merge_block **block)
{
	uint32_t size = len - (uint32_t)sizeof(struct bpf_sample);
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
	(*block)->count++;
	r->lost += lost;
	r->received++;
	r->made = sample.before + 1;
	return 0;
}

int bpf_ring_take(struct bpf_ring *r, struct merge_list *list)
{
	unsigned long at = *r->consumed, end = __atomic_load_n(r->produced, __ATOMIC_ACQUIRE);
	struct merge_block *block = NULL;
	uint32_t len;
	int rc = 0;

	while (!rc && at < end && (len = sample_at(r, at))) {
		const unsigned char *p = r->data + (at & (r->size - 1)) + BPF_RINGBUF_HDR_SZ;

		if (!(len & BPF_RINGBUF_DISCARD_BIT))
			rc = take_sample(r, p, len, list, &block);
		at += (len & ~BPF_RINGBUF_DISCARD_BIT) + BPF_RINGBUF_HDR_SZ + 7;
		at &= ~7ul;
	}
	__atomic_store_n(r->consumed, at, __ATOMIC_RELEASE);
	return rc;
}
