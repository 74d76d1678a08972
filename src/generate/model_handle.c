/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>

#include "generate/model.h"

/*
 * Handles of files, which stand for them without a name: name_to_handle_at(2) tells them, and
 * open_by_handle_at(2) opens what they mean, with a privilege that no replay has. It opens the name that the
 * file has by then instead.
 */

struct handle {
	struct hnode hash;
	struct node *node;
	uint32_t len;
	char bytes[];
};

#define HANDLES_MAX 65536 /* beyond, files are known by their inode alone */

static struct handle *find(const struct model *m, struct str bytes)
{
	struct hnode *n;

	for (n = hmap_first(&m->handles, hash_bytes(bytes.s, bytes.len, 0)); n; n = hmap_next(n)) {
		struct handle *h = hmap_entry(n, struct handle, hash);

		if (str_eq(bytes, (struct str){h->bytes, h->len}))
			return h;
	}
	return NULL;
}

static int remember(struct model *m, struct str bytes, struct node *node)
{
	struct handle *h = find(m, bytes);

	if (h) { /* the same inode as before, or one that has its number now */
		node_get(node);
		node_put(&m->names, h->node);
		h->node = node;
		return 0;
	}
	if (m->handles.n >= HANDLES_MAX)
		return 0;
	h = malloc(sizeof(*h) + bytes.len);
	if (!h)
		return -ENOMEM;
	h->len = (uint32_t)bytes.len;
	memcpy(h->bytes, bytes.s, bytes.len);
	if (hmap_insert(&m->handles, &h->hash, hash_bytes(bytes.s, bytes.len, 0))) {
		free(h);
		return -ENOMEM;
	}
	h->node = node_get(node);
	return 0;
}

void model_handles_free(struct model *m)
{
	struct hnode *n, *tmp;
	size_t i;

	hmap_each(&m->handles, n, tmp, i) {
		struct handle *h = hmap_entry(n, struct handle, hash);

		node_put(&m->names, h->node);
		free(h);
	}
	hmap_free(&m->handles);
}

int model_handle(struct model *m, const struct rec *r)
{
	bool follow = model_arg(r, A_ATFLAGS, 0) & AT_SYMLINK_FOLLOW;
	bool there = r->ret >= 0 || r->ret == -EOVERFLOW || r->ret == -EOPNOTSUPP;
	struct place p;
	int rc = model_place(m, r, A_PATH, A_DIRFD,
		(follow ? 0 : WALK_NOFOLLOW) | (there ? WALK_PARENT : 0), &p);

	if (!rc)
		rc = model_settle(m, r, &p, there ? 1 : r->ret == -ENOENT ? 0 : -1, 0);
	if (!rc)
		rc = model_put_path(m, r, A_PATH, A_DIRFD, &p);
	m->out->call.path2 = STR_NONE; /* the replay's file has another one */
	if (rc || r->ret < 0 || !p.node || !r->path2.len)
		return rc;
	return remember(m, r->path2, p.node);
}

/* Where what was opened stands now, absolute as the task sees it; false: it has no name. */
static bool path_of_opened(struct model *m, const struct rec *r)
{
	struct handle *h = r->path2.len ? find(m, r->path2) : NULL;
	struct node *n = h ? h->node : r->facts.known ? names_inode(&m->names, &r->facts) : NULL;

	if (!n || node_is_link(n) || (m->task->fs->root && m->task->fs->root != m->names.root))
		return false;
	m->opened.len = 0;
	return names_path(n, &m->opened);
}

int model_open_handle(struct model *m, const struct rec *r)
{
	struct rec as = *r;
	struct descriptor *d;
	int rc;

	if (r->ret >= 0 && path_of_opened(m, r)) {
		if (!buf_ok(&m->opened))
			return -ENOMEM;
		as.op = OP_openat;
		as.arg[0] = (uint64_t)(int64_t)AT_FDCWD;
		as.arg[1] = 0;
		as.arg[2] = r->arg[2] & ~(uint64_t)(O_CREAT | O_EXCL);
		as.arg[3] = 0;
		as.path = buf_as_str(&m->opened);
		as.path2 = STR_NONE;
		m->out->call = as;
		return model_open(m, &as);
	}
	if (r->ret < 0)
		return LEFT_HANDLE;
	if (model_number_taken(m, r->ret))
		return LEFT_CONFLICT;
	rc = model_open_fd(m, r->ret, NULL, (int)r->arg[2], true, &d);
	return rc < 0 ? rc : LEFT_HANDLE;
}
