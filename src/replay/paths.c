/* SPDX-License-Identifier: Apache-2.0 */
#include "replay/paths.h"

#include <errno.h>

struct known_path {
	struct hnode node;
	struct str text;
	uint64_t ref;
};

void paths_init(struct paths *p, struct tree_set *trees)
{
	*p = (struct paths){.trees = trees};
}

void paths_index_free(struct paths *p)
{
	hmap_free(&p->index);
	arena_free(&p->arena);
}

void paths_free(struct paths *p)
{
	paths_index_free(p);
	buf_free(&p->text);
	vec_free(&p->numbers);
}

static int no_memory(struct err *err)
{
	return err_sys(err, ENOMEM, "paths");
}

static int refuse(struct err *err, int code, struct str path, const char *what)
{
	int len = path.len > 200 ? 200 : (int)path.len;

	return err_set(err, code, "the path '%.*s' %s", len, path.s, what);
}

static bool is_dotdot(struct str c)
{
	return c.len == 2 && c.s[0] == '.' && c.s[1] == '.';
}

/* A NUL would end the string for the kernel, though not for the checks here. */
static int check_relative(struct str path, struct err *err)
{
	struct str rest = path, c;

	if (path.len && memchr(path.s, '\0', path.len))
		return refuse(err, EINVAL, path, "has a NUL byte in it");
	while (str_take_char(&rest, '/', &c))
		if (is_dotdot(c))
			return refuse(err, EACCES, path, "has \"..\" in it");
	return 0;
}

static int add_text(struct paths *p, enum path_kind kind, struct str a, struct str b, uint64_t *ref,
	struct err *err)
{
	*ref = PATH_REF(kind, p->text.len);
	buf_str(&p->text, a);
	if (b.len) {
		buf_char(&p->text, '/');
		buf_str(&p->text, b);
	}
	buf_char(&p->text, '\0');
	return buf_ok(&p->text) ? 0 : no_memory(err);
}

/*
 * "." and empty components mean nothing on the way. At the end they ask for a directory, and some
 * calls refuse them: *TAIL is what to put there again.
 */
static int squeeze(struct str path, struct buf *out, struct str *tail)
{
	struct str c;

	*tail = STR("");
	while (str_take_char(&path, '/', &c)) {
		bool dot = c.len == 1 && c.s[0] == '.';

		if (c.len && !dot) {
			buf_char(out, '/');
			buf_str(out, c);
		}
		if (dot)
			*tail = STR("/.");
		else if (c.len)
			*tail = STR("");
		else if (!tail->len)
			*tail = STR("/");
	}
	return buf_ok(out) ? 0 : -ENOMEM;
}

/* The path of TREE is about to be added to the text. */
static int note_number(struct paths *p, const struct tree *tree)
{
	uint64_t *slot;

	if (p->trees->dir == p->trees->name)
		return 0;
	slot = vec_push(&p->numbers);
	if (slot)
		*slot = p->text.len + tree->len - COPY_DIGITS;
	return slot ? 0 : -ENOMEM;
}

static int add_absolute(struct paths *p, struct str path, uint64_t *ref, struct err *err)
{
	struct buf plain = BUF_INIT, full = BUF_INIT;
	struct str rest, tail;
	size_t tree;
	int rc;

	if (squeeze(path, &plain, &tail)) {
		buf_free(&plain);
		return no_memory(err);
	}
	rc = tree_locate(p->trees, plain.len ? buf_as_str(&plain) : STR("/"), &tree, &rest, err);
	if (rc == 0) {
		buf_str(&full, rest);
		buf_str(&full, rest.len || !tail.len ? tail : (struct str){tail.s + 1, tail.len - 1});
		/* what is cut short is another path */
		rc = buf_ok(&full) && !note_number(p, &p->trees->v[tree]) ? 0 : no_memory(err);
	}
	if (rc == 0)
		rc = add_text(p, PATH_ABSOLUTE, str_of(p->trees->v[tree].path), buf_as_str(&full),
			ref, err);
	buf_free(&plain);
	buf_free(&full);
	return rc;
}

static int add_new(struct paths *p, struct str path, uint64_t *ref, struct err *err)
{
	uint32_t vfd;
	int rc;

	if (replay_path_fd(path, &vfd)) {
		*ref = PATH_REF(PATH_FD, vfd);
		return 0;
	}
	if (path.len && path.s[0] == '/')
		return add_absolute(p, path, ref, err);
	rc = check_relative(path, err);
	return rc ? rc : add_text(p, PATH_RELATIVE, path, STR_NONE, ref, err);
}

static struct known_path *find(struct paths *p, struct str path, uint64_t hash)
{
	struct hnode *n;

	for (n = hmap_first(&p->index, hash); n; n = hmap_next(n)) {
		struct known_path *k = hmap_entry(n, struct known_path, node);

		if (str_eq(k->text, path))
			return k;
	}
	return NULL;
}

int paths_add(struct paths *p, struct str path, uint64_t *ref, struct err *err)
{
	uint64_t hash;
	struct known_path *k;
	int rc;

	if (!path.s) { /* the program's pointer led nowhere */
		*ref = PATH_REF(PATH_NULL, 0);
		return 0;
	}
	hash = hash_bytes(path.s, path.len, 0);
	k = find(p, path, hash);
	if (k) {
		*ref = k->ref;
		return 0;
	}
	rc = add_new(p, path, ref, err);
	if (rc)
		return rc;
	k = arena_alloc(&p->arena, sizeof(*k));
	if (!k)
		return no_memory(err);
	k->ref = *ref;
	k->text = (struct str){arena_strdup(&p->arena, path), path.len};
	if (!k->text.s || hmap_insert(&p->index, &k->node, hash))
		return no_memory(err);
	return 0;
}

/* Most are plain and shared. What would be checked or changed as a path is taken as it stands. */
int paths_add_word(struct paths *p, struct str word, uint64_t *ref, struct err *err)
{
	bool plain = word.len && word.s[0] != '%' && !memchr(word.s, '/', word.len);

	if (!word.s || (plain && !is_dotdot(word)))
		return paths_add(p, word, ref, err);
	return add_text(p, PATH_RELATIVE, word, STR_NONE, ref, err);
}

static int check_relative_target(struct str target, bool *up, struct err *err)
{
	struct str rest = target, c;
	bool down = false;

	*up = false;
	if (target.len && memchr(target.s, '\0', target.len))
		return refuse(err, EINVAL, target, "has a NUL byte in it");
	while (str_take_char(&rest, '/', &c)) {
		if (!is_dotdot(c)) {
			down |= c.len && !(c.len == 1 && c.s[0] == '.');
			continue;
		}
		if (down)
			return refuse(err, EACCES, target, "has \"..\" behind a name");
		*up = true;
	}
	return 0;
}

/* The link's own path may end in "." or "/", and its call fails of that. */
static int link_target(
	struct paths *p, struct str link, struct str target, char **out, bool *up, struct err *err)
{
	struct buf plain = BUF_INIT;
	struct str tail;
	int rc;

	if (squeeze(link, &plain, &tail))
		rc = no_memory(err);
	else
		rc = tree_link_target(p->trees, buf_as_str(&plain), target, out, up, err);
	buf_free(&plain);
	return rc;
}

int paths_add_target(struct paths *p, struct str link, struct str target, uint64_t *ref,
	struct err *err)
{
	char *out;
	bool up = false;
	int rc;

	if (!target.s) {
		*ref = PATH_REF(PATH_NULL, 0);
		return 0;
	}
	if (target.len && target.s[0] == '/') {
		rc = add_absolute(p, target, ref, err);
	} else if (link.len && link.s[0] == '/') {
		rc = link_target(p, link, target, &out, &up, err);
		if (rc == 0)
			rc = add_text(p, PATH_RELATIVE, str_of(out), STR_NONE, ref, err);
	} else {
		rc = check_relative_target(target, &up, err);
		if (rc == 0)
			rc = add_text(p, PATH_RELATIVE, target, STR_NONE, ref, err);
	}
	p->up_links |= up;
	return rc;
}
