/* SPDX-License-Identifier: Apache-2.0 */
#include "tree/tree.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tree/mounts.h"

#define NAME_LEN_MAX 64
#define TREES_MAX    1024

/* An absolute path of a replay, taken apart: PLACE/.ioriot/NAME/REST. */
struct parts {
	struct str place, rest;
};

static bool name_char(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
	       c == '.' || c == '_' || c == '-';
}

bool tree_name_valid(struct str name)
{
	size_t i;

	if (name.len == 0 || name.len > NAME_LEN_MAX || name.s[0] == '.')
		return false;
	for (i = 0; i < name.len; i++)
		if (!name_char(name.s[i]))
			return false;
	return true;
}

static int refuse(struct err *err, int code, struct str path, const char *why)
{
	return err_set(
		err, code, "path '%.*s' %s", (int)(path.len > 200 ? 200 : path.len), path.s, why);
}

static bool is_dots(struct str c)
{
	return str_eqs(c, ".") || str_eqs(c, "..");
}

/* What every absolute path must be, before anything is looked for in it. */
static int check_absolute(struct str path, struct err *err)
{
	if (path.len == 0 || path.s[0] != '/')
		return refuse(err, EINVAL, path, "is not absolute");
	if (path.len >= PATH_MAX)
		return refuse(err, ENAMETOOLONG, path, "is too long");
	if (memchr(path.s, '\0', path.len))
		return refuse(err, EINVAL, path, "has a NUL byte in it");
	return 0;
}

static int check_component(struct str c, struct str path, struct err *err)
{
	if (c.len == 0)
		return refuse(err, EINVAL, path, "has an empty component");
	if (is_dots(c))
		return refuse(err, EACCES, path, "has a '.' or '..' component");
	if (c.len > NAME_MAX)
		return refuse(err, ENAMETOOLONG, path, "has a component that is too long");
	return 0;
}

/*
 * The first ".ioriot" decides: a later one may be a captured name inside of the tree, but a place
 * inside of another tree is nobody's.
 */
static int split(struct str name, struct str path, struct parts *out, struct err *err)
{
	enum { IN_PLACE, AT_NAME, IN_REST } state = IN_PLACE;
	struct str left, c;
	int rc = check_absolute(path, err);

	if (rc)
		return rc;
	left = (struct str){path.s + 1, path.len - 1};
	out->rest = (struct str){path.s + path.len, 0};
	while (str_take_char(&left, '/', &c)) {
		if (c.len == 0 && !left.s && state == IN_REST)
			break; /* a slash at the end says "a directory" and is kept */
		rc = check_component(c, path, err);
		if (rc)
			return rc;
		if (state == IN_PLACE && str_eqs(c, TREE_DIR)) {
			out->place = (struct str){path.s, (size_t)(c.s - path.s) - 1};
			state = AT_NAME;
		} else if (state == AT_NAME) {
			if (!str_eq(c, name))
				break;
			if (left.s)
				out->rest = left;
			state = IN_REST;
		}
	}
	if (state != IN_REST)
		return refuse(err, EACCES, path, "is outside of the replay's trees");
	return 0;
}

static int add_tree(struct tree_set *set, struct str place, size_t *index, struct err *err)
{
	struct tree t = {.fd = -1, .lock = -1};
	char path[PATH_MAX + sizeof(TREE_DIR) + NAME_LEN_MAX + 2];
	int len;

	if (set->n == TREES_MAX)
		return err_set(err, EINVAL, "the replay has more than %d trees", TREES_MAX);
	if (set->n == set->cap) {
		size_t cap = set->cap ? 2 * set->cap : 4;
		struct tree *v = arena_alloc(set->arena, cap * sizeof(*v));

		if (!v)
			return err_sys(err, ENOMEM, "trees");
		if (set->n)
			memcpy(v, set->v, set->n * sizeof(*v));
		set->v = v;
		set->cap = cap;
	}
	len = snprintf(
		path, sizeof(path), "%.*s/" TREE_DIR "/%s", (int)place.len, place.s, set->dir);
	if (len >= PATH_MAX)
		return refuse(err, ENAMETOOLONG, place, "is too long to be the place of a tree");
	t.place = arena_strdup(set->arena, place);
	t.path = arena_strdup(set->arena, (struct str){path, (size_t)len});
	t.len = (size_t)len;
	if (!t.place || !t.path)
		return err_sys(err, ENOMEM, "trees");
	*index = set->n;
	set->v[set->n++] = t;
	return 0;
}

static int find_tree(struct tree_set *set, struct str place, size_t *index, struct err *err)
{
	size_t i;

	for (i = 0; i < set->n; i++) {
		if (str_eqs(place, set->v[i].place)) {
			*index = i;
			return 0;
		}
	}
	return add_tree(set, place, index, err);
}

static int check_root(struct str root, struct err *err)
{
	struct str left, c;
	int rc = check_absolute(root, err);

	if (rc || root.len == 1)
		return rc;
	left = (struct str){root.s + 1, root.len - 1};
	while (rc == 0 && str_take_char(&left, '/', &c))
		rc = check_component(c, root, err);
	return rc;
}

int tree_set_init(struct tree_set *set, struct arena *arena, struct str name, const char *root,
	bool generated_for_root, struct err *err)
{
	*set = (struct tree_set){.arena = arena, .generated_for_root = generated_for_root};
	if (!tree_name_valid(name))
		return err_set(err, EINVAL,
			"'%.*s' is no name of a test: 1 to %d of A-Z a-z 0-9 . _ -, and no dot "
			"first",
			(int)(name.len > 80 ? 80 : name.len), name.s ? name.s : "", NAME_LEN_MAX);
	set->dir = set->name = arena_strdup(arena, name);
	if (root) {
		size_t len = strlen(root);
		int rc;

		while (len > 1 && root[len - 1] == '/')
			len--;
		rc = check_root((struct str){root, len}, err);
		if (rc)
			return err_prefix(err, "--root");
		/* as a place, the root directory is "" */
		set->root = arena_strdup(arena, (struct str){root, len == 1 ? 0 : len});
	}
	if (!set->name || (root && !set->root))
		return err_sys(err, ENOMEM, "trees");
	return 0;
}

int tree_set_copy(struct tree_set *set, unsigned number, struct err *err)
{
	char dir[NAME_LEN_MAX + sizeof(COPY_SUFFIX) + 16];
	int len = snprintf(dir, sizeof(dir), "%s" COPY_SUFFIX "%0*u", set->name, COPY_DIGITS, number);

	if (len > NAME_LEN_MAX)
		return err_set(err, EINVAL, "--scale: the name of the test, %s, is longer than the %d bytes that leave "
			"room for its copies",
			set->name, NAME_LEN_MAX - (len - (int)strlen(set->name)));
	set->dir = arena_strdup(set->arena, (struct str){dir, (size_t)len});
	return set->dir ? 0 : err_sys(err, ENOMEM, "trees");
}

int tree_set_other_copy(struct tree_set *set, const struct tree_set *from, unsigned number, struct err *err)
{
	size_t i, index;
	int rc;

	*set = *from;
	set->v = NULL;
	set->n = set->cap = 0;
	rc = tree_set_copy(set, number, err);
	for (i = 0; rc == 0 && i < from->n; i++)
		rc = add_tree(set, str_of(from->v[i].place), &index, err);
	return rc;
}

bool tree_name_is_of(const char *dir, const char *name)
{
	size_t len = strlen(name);
	struct str rest = {dir + len, 0};
	uint64_t number;

	if (strncmp(dir, name, len) != 0)
		return false;
	if (!dir[len])
		return true;
	rest = str_of(dir + len);
	if (rest.len != sizeof(COPY_SUFFIX) - 1 + COPY_DIGITS || !str_starts(rest, STR(COPY_SUFFIX)))
		return false;
	return str_u64((struct str){rest.s + rest.len - COPY_DIGITS, COPY_DIGITS}, &number) == 0 && number > 0;
}

/* Below --root the place of another mount point becomes the head of the rest: home/x. */
static int relocate(struct tree_set *set, struct parts *p, struct err *err)
{
	struct str place = p->place;
	char *joined;

	p->place = str_of(set->root);
	if (set->generated_for_root || place.len == 0)
		return 0;
	if (p->rest.len == 0) {
		p->rest = (struct str){place.s + 1, place.len - 1};
		return 0;
	}
	joined = arena_alloc(set->arena, place.len + p->rest.len + 1);
	if (!joined)
		return err_sys(err, ENOMEM, "paths");
	memcpy(joined, place.s + 1, place.len - 1);
	joined[place.len - 1] = '/';
	memcpy(joined + place.len, p->rest.s, p->rest.len);
	p->rest = (struct str){joined, place.len + p->rest.len};
	return 0;
}

int tree_locate(
	struct tree_set *set, struct str path, size_t *tree, struct str *rest, struct err *err)
{
	struct parts p = {0};
	int rc = split(str_of(set->name), path, &p, err);

	if (rc == 0 && set->root)
		rc = relocate(set, &p, err);
	if (rc == 0)
		rc = find_tree(set, p.place, tree, err);
	if (rc)
		return rc;
	if (set->v[*tree].len + 1 + p.rest.len >= PATH_MAX)
		return refuse(err, ENAMETOOLONG, path, "is too long below this --root");
	*rest = p.rest;
	return 0;
}

int tree_path(struct tree_set *set, struct str path, char **out, struct err *err)
{
	const struct tree *t;
	struct str rest;
	size_t index;
	int rc = tree_locate(set, path, &index, &rest, err);

	if (rc)
		return rc;
	t = &set->v[index];
	*out = arena_alloc(set->arena, t->len + rest.len + 2);
	if (!*out)
		return err_sys(err, ENOMEM, "paths");
	memcpy(*out, t->path, t->len);
	if (rest.len) {
		(*out)[t->len] = '/';
		memcpy(*out + t->len + 1, rest.s, rest.len);
	}
	return 0;
}

/* How many directories of its tree lie above the entry REST. */
static size_t depth_above(struct str rest)
{
	size_t i, n = 0;

	while (rest.len && rest.s[rest.len - 1] == '/')
		rest.len--;
	for (i = 0; i < rest.len; i++)
		n += rest.s[i] == '/';
	return n;
}

/* Names may lead upwards too, at any time: that the link leads out is seen when it is used. */
static int check_relative(struct str target, size_t depth, bool *up, struct err *err)
{
	struct str left = target, c;
	size_t ups = 0;

	while (str_take_char(&left, '/', &c))
		ups += str_eqs(c, "..");
	if (ups > depth)
		return refuse(
			err, EACCES, target, "as a link's target leads out of the replay's tree");
	*up = ups > 0;
	return 0;
}

int tree_link_target(struct tree_set *set, struct str link, struct str target, char **out, bool *up,
	struct err *err)
{
	struct parts p = {0};
	int rc;

	*up = false;
	if (target.len && target.s[0] == '/')
		return tree_path(set, target, out, err);
	rc = split(str_of(set->name), link, &p, err);
	if (rc)
		return rc;
	if (target.len >= PATH_MAX)
		return refuse(err, ENAMETOOLONG, target, "is too long for a link's target");
	if (target.len && memchr(target.s, '\0', target.len))
		return refuse(err, EINVAL, target, "has a NUL byte in it");
	rc = check_relative(target, depth_above(p.rest), up, err);
	if (rc)
		return rc;
	*out = arena_strdup(set->arena, target);
	return *out ? 0 : err_sys(err, ENOMEM, "paths");
}

bool tree_dir_trusted(const struct stat *st)
{
	return S_ISDIR(st->st_mode) && (st->st_uid == geteuid() || st->st_uid == 0) &&
	       !(st->st_mode & (S_IWGRP | S_IWOTH));
}

static bool has_tree_dir(const struct tree *tree)
{
	char path[PATH_MAX + sizeof(TREE_DIR) + 1];
	struct stat st;

	snprintf(path, sizeof(path), "%s/" TREE_DIR, tree->place);
	return lstat(path, &st) == 0 && tree_dir_trusted(&st);
}

int tree_place_allowed(const struct tree_set *set, const struct tree *tree, struct err *err)
{
	const char *place = tree->place[0] ? tree->place : "/";
	struct arena arena = ARENA_INIT;
	struct mounts mounts;
	bool is_point;
	int rc;

	if (set->root && strcmp(set->root, tree->place) == 0)
		return 0;
	rc = mounts_read(&mounts, &arena, MOUNTS_SELF, err);
	is_point = rc == 0 && mounts_is_point(&mounts, str_of(place));
	arena_free(&arena);
	if (rc)
		return rc;
	if (is_point || has_tree_dir(tree))
		return 0;
	return err_set(err, EACCES,
		"%s is no mount point and has no " TREE_DIR " directory of yours: "
		"add --root DIR to say where the replay's tree may be",
		place);
}
