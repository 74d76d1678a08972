/* SPDX-License-Identifier: Apache-2.0 */
#include "init/cleanup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "tree/mounts.h"
#include "tree/remove.h"
#include "tree/tree_open.h"
#include "utils/beneath.h"
#include "utils/caches.h"
#include "utils/human.h"

struct cleanup {
	const struct options *o;
	bool purge;
	bool failed;
	size_t trees; /* moved to the trash */
	struct removed removed;
	const char *place; /* where it is at work */
};

typedef VEC(char *) name_vec;

static void say_left(const struct cleanup *c, const char *why)
{
	if (!c->o->quiet)
		fprintf(stderr, "ioriot: left as it is: %s\n", why);
}

static void say_failed(struct cleanup *c, const struct err *err)
{
	fprintf(stderr, "ioriot: %s/" TREE_DIR ": %s\n", c->place, err->text);
	c->failed = true;
}

static int list_names(int home, name_vec *names)
{
	int fd = openat(home, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *e;
	int rc = 0;

	if (!d)
		return -errno;
	while (rc == 0 && (e = readdir(d))) {
		char **slot = vec_push(names);

		if (slot)
			*slot = strdup(e->d_name);
		if (!slot || !*slot)
			rc = -ENOMEM;
	}
	closedir(d);
	return rc;
}

static void free_names(name_vec *names)
{
	size_t i;

	for (i = 0; i < names->n; i++)
		free(names->v[i]);
	vec_free(names);
}

static bool remove_ours(struct cleanup *c, int home, const char *name)
{
	struct err err = {0};

	if (remove_entry(home, name, &c->removed, &err) == 0)
		return true;
	say_failed(c, &err);
	return false;
}

static void discard_tree(struct cleanup *c, int home, const char *name)
{
	char moved[TRASHED_MAX];
	struct err err = {0};

	if (tree_discard(home, name, c->purge ? BIN_GONE : BIN_TRASH, moved, &err)) {
		say_failed(c, &err);
		return;
	}
	c->trees++;
	if (c->purge && !remove_ours(c, home, moved))
		return;
	if (c->o->quiet)
		return;
	if (c->purge)
		printf("purged %s/" TREE_DIR "/%s\n", c->place, name);
	else
		printf("moved %s/" TREE_DIR "/%s to " TREE_DIR "/%s\n", c->place, name, moved);
}

static void visit_name(struct cleanup *c, int home, const char *name)
{
	struct marker marker;
	struct err why = {0};
	char text[sizeof(why.text) + 512];

	if (!tree_name_valid(str_of(name)) || (c->o->name && !tree_name_is_of(name, c->o->name)))
		return;
	switch (tree_look(home, name, &marker, &why)) {
	case TREE_NONE:
		break;
	case TREE_OURS:
		discard_tree(c, home, name);
		break;
	case TREE_FOREIGN:
		snprintf(text, sizeof(text), "%s/" TREE_DIR "/%s, which ioriot did not make (%s)",
			c->place, name, why.text);
		say_left(c, text);
		break;
	}
}

/* ".NAME.tree" without a NAME, ".NAME.tree.new", ".NAME.new": an init was killed at that moment. */
static void remove_init_leftover(int home, const char *file)
{
	static const char *const suffixes[] = {".tree.new", ".tree", ".new"};
	size_t i, len = strlen(file);
	char name[256];

	for (i = 0; i < sizeof(suffixes) / sizeof(*suffixes); i++) {
		size_t tail = strlen(suffixes[i]);
		struct str middle = {file + 1, len - 1 - tail};

		if (file[0] != '.' || len < tail + 2 || strcmp(file + len - tail, suffixes[i]) != 0)
			continue;
		if (!tree_name_valid(middle))
			continue;
		snprintf(name, sizeof(name), "%.*s", (int)middle.len, middle.s);
		if (i == 1 && faccessat(home, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
			continue; /* the marker of what is there */
		unlinkat(home, file, i == 2 ? AT_REMOVEDIR : 0);
		return;
	}
}

static void remove_leftover(struct cleanup *c, int home, const char *file)
{
	if (str_starts(str_of(file), STR(TREE_GONE)))
		remove_ours(c, home, file);
	else
		remove_init_leftover(home, file);
}

static void empty_trash(struct cleanup *c, int home)
{
	int trash = open_beneath(home, TREE_TRASH, O_PATH | O_DIRECTORY);
	struct err err = {0};
	struct stat st;

	if (trash == -ENOENT)
		return;
	if (trash < 0 || fstat(trash, &st) < 0 || !tree_dir_trusted(&st)) {
		say_left(c, TREE_TRASH ", which is no directory of yours");
	} else if (remove_entries(trash, &c->removed, &err)) {
		say_failed(c, &err);
	} else if (unlinkat(home, TREE_TRASH, AT_REMOVEDIR) < 0) {
		err_sys(&err, errno, "cannot remove " TREE_TRASH);
		say_failed(c, &err);
	}
	if (trash >= 0)
		close(trash);
}

static void visit_home(struct cleanup *c, int home)
{
	name_vec names = {0};
	struct err err = {0};
	size_t i;
	int rc = list_names(home, &names);

	if (rc) {
		err_sys(&err, -rc, "cannot read it");
		say_failed(c, &err);
	}
	for (i = 0; rc == 0 && i < names.n; i++)
		visit_name(c, home, names.v[i]);
	for (i = 0; rc == 0 && c->purge && !c->o->name && i < names.n; i++)
		remove_leftover(c, home, names.v[i]);
	if (rc == 0 && c->purge && !c->o->name)
		empty_trash(c, home);
	free_names(&names);
}

/* Only an empty .ioriot goes. */
static void remove_home(const char *place)
{
	int fd = open_resolve(
		AT_FDCWD, place[0] ? place : "/", O_PATH | O_DIRECTORY, RESOLVE_NO_SYMLINKS);

	if (fd < 0)
		return;
	unlinkat(fd, TREE_DIR, AT_REMOVEDIR);
	close(fd);
}

static void visit_place(struct cleanup *c, const char *place)
{
	struct err err = {0};
	struct stat st;
	int home;

	c->place = strcmp(place, "/") == 0 ? "" : place;
	home = tree_home_open(c->place, false, &err);
	if (home == -ENOENT || home == -ENOTDIR)
		return;
	if (home < 0) {
		say_left(c, err.text);
		return;
	}
	if (fstat(home, &st) == 0 && st.st_uid == geteuid()) {
		visit_home(c, home);
	} else {
		snprintf(err.text, sizeof(err.text), "%s/" TREE_DIR ", which belongs to root",
			c->place);
		say_left(c, err.text);
	}
	if (c->purge)
		remove_home(c->place);
	close(home);
}

static int visit_mounts(struct cleanup *c, struct arena *arena, struct err *err)
{
	struct mounts mounts;
	size_t i;
	int rc = mounts_read(&mounts, arena, MOUNTS_SELF, err);

	for (i = 0; rc == 0 && i < mounts.n; i++)
		if (!mounts.v[i].hidden && !fs_is_pseudo(mounts.v[i].fstype))
			visit_place(c, mounts.v[i].point);
	return rc;
}

static int visit_all(struct cleanup *c, struct arena *arena, struct err *err)
{
	const char *root;
	int rc;

	if (c->o->root) {
		rc = tree_root_resolve(arena, c->o->root, &root, err);
		if (rc == 0)
			visit_place(c, root);
	} else {
		rc = visit_mounts(c, arena, err);
	}
	if (rc == 0 && c->o->name && c->trees == 0 && !c->failed)
		return err_set(err, ENOENT, "there is no tree '%s' %s", c->o->name,
			c->o->root ? "below that --root"
				   : "on any mount (--root DIR names another place)");
	return rc;
}

static void print_sum(const struct cleanup *c)
{
	char bytes[HUMAN_LEN];

	if (c->purge)
		printf("purge: %llu entries removed, %s\n", (unsigned long long)c->removed.entries,
			human_bytes(bytes, (double)c->removed.bytes));
	else
		printf("trash: %zu trees moved (ioriot -P deletes them)\n", c->trees);
}

static int clean_up(struct cleanup *c)
{
	struct arena arena = ARENA_INIT;
	struct err err = {0};
	int rc;

	if (c->o->name && !tree_name_valid(str_of(c->o->name))) {
		fprintf(stderr, "ioriot: '%s' is no name of a test\n", c->o->name);
		return EXIT_USAGE;
	}
	rc = visit_all(c, &arena, &err);
	arena_free(&arena);
	if (rc) {
		fprintf(stderr, "ioriot: %s\n", err.text);
		return rc == -ENOSYS ? EXIT_HOST_LACKS : EXIT_FAILED;
	}
	if (!c->o->quiet)
		print_sum(c);
	return c->failed ? EXIT_FAILED : EXIT_DONE;
}

int trash_command(const struct options *o)
{
	struct cleanup c = {.o = o};

	return clean_up(&c);
}

int purge_command(const struct options *o)
{
	struct cleanup c = {.o = o, .purge = true};

	return clean_up(&c);
}

/* The data is safe, only this user or host has no say over the caches. */
static bool host_lacks(int rc)
{
	return rc == -EACCES || rc == -EPERM || rc == -EROFS || rc == -ENOENT;
}

int drop_caches_command(const struct options *o)
{
	struct err err = {0};
	int rc = drop_caches(&err);

	if (rc) {
		fprintf(stderr, "ioriot: %s\n", err.text);
		return host_lacks(rc) ? EXIT_HOST_LACKS : EXIT_FAILED;
	}
	if (!o->quiet)
		printf("dropped the caches\n");
	return EXIT_DONE;
}
