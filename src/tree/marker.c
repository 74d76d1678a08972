/* SPDX-License-Identifier: Apache-2.0 */
#include "tree/marker.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#define TEXT_MAX 512
#define FILE_MAX 96 /* of ".NAME.tree.new" */

const char *const tree_state_names[] = {"building", "ready", "used"};

#define STATES (sizeof(tree_state_names) / sizeof(*tree_state_names))

enum marker_key { KEY_VERSION, KEY_STATE, KEY_ID, KEY_CREATED, KEY_DEV, KEY_INO, KEY_UP_LINKS, KEY_COUNT };

static const char *const keys[KEY_COUNT] = {"version", "state", "id", "created", "dev", "ino", "up_links"};

static char *file_name(char out[FILE_MAX], const char *name, const char *suffix)
{
	snprintf(out, FILE_MAX, ".%s.tree%s", name, suffix);
	return out;
}

bool tree_id_valid(struct str id)
{
	size_t i;

	if (id.len == 0 || id.len > TREE_ID_MAX)
		return false;
	for (i = 0; i < id.len; i++) {
		char c = id.s[i];

		if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')))
			return false;
	}
	return true;
}

static int parse_state(struct str value, enum tree_state *state)
{
	size_t i;

	for (i = 0; i < STATES; i++) {
		if (str_eqs(value, tree_state_names[i])) {
			*state = (enum tree_state)i;
			return 0;
		}
	}
	return -EPROTO;
}

static int parse_dev(struct str value, struct marker *m)
{
	uint64_t major_nr, minor_nr;
	struct str part;

	if (!str_take_char(&value, ':', &part) || str_u64(part, &major_nr) ||
		str_u64(value, &minor_nr) || major_nr > UINT32_MAX || minor_nr > UINT32_MAX)
		return -EPROTO;
	m->dev_major = (uint32_t)major_nr;
	m->dev_minor = (uint32_t)minor_nr;
	return 0;
}

static int parse_id(struct str value, struct marker *m)
{
	if (!tree_id_valid(value))
		return -EPROTO;
	memcpy(m->id, value.s, value.len);
	m->id[value.len] = '\0';
	return 0;
}

static int parse_bool(struct str value, bool *out)
{
	*out = str_eqs(value, "1");
	return *out || str_eqs(value, "0") ? 0 : -EPROTO;
}

static int parse_value(enum marker_key key, struct str value, struct marker *m)
{
	uint64_t version;

	switch (key) {
	case KEY_VERSION:
		return str_u64(value, &version) || version != MARKER_VERSION ? -EPROTO : 0;
	case KEY_STATE:
		return parse_state(value, &m->state);
	case KEY_ID:
		return parse_id(value, m);
	case KEY_CREATED:
		return str_u64(value, &m->created);
	case KEY_DEV:
		return parse_dev(value, m);
	case KEY_INO:
		return str_u64(value, &m->ino);
	case KEY_UP_LINKS:
		return parse_bool(value, &m->up_links);
	case KEY_COUNT:
		break;
	}
	return -EPROTO;
}

static int parse_line(struct str line, struct marker *m, unsigned *seen)
{
	struct str key;
	unsigned k;

	if (!str_take_char(&line, '=', &key) || !line.s)
		return -EPROTO;
	for (k = 0; k < KEY_COUNT; k++) {
		if (str_eqs(key, keys[k])) {
			*seen |= 1u << k;
			return parse_value((enum marker_key)k, line, m) ? -EPROTO : 0;
		}
	}
	return -EPROTO;
}

static int parse(struct str text, struct marker *m)
{
	unsigned seen = 0;
	struct str line;

	*m = (struct marker){0};
	while (str_take_char(&text, '\n', &line)) {
		if (line.len == 0 && !text.s)
			break;
		if (parse_line(line, m, &seen))
			return -EPROTO;
	}
	return seen == (1u << KEY_COUNT) - 1 ? 0 : -EPROTO;
}

static bool file_trusted(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
	       (st.st_uid == geteuid() || st.st_uid == 0) && !(st.st_mode & (S_IWGRP | S_IWOTH));
}

int marker_read(int home, const char *name, struct marker *out, struct err *err)
{
	char file[FILE_MAX], text[TEXT_MAX];
	ssize_t len;
	int fd, rc = 0;

	file_name(file, name, "");
	fd = openat(home, file, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return err_sys(err, errno, "cannot read the marker %s", file);
	if (!file_trusted(fd))
		rc = err_set(
			err, EACCES, "the marker %s is no file of the caller's or root's", file);
	len = rc == 0 ? read(fd, text, sizeof(text)) : 0;
	if (len < 0)
		rc = err_sys(err, errno, "cannot read the marker %s", file);
	close(fd);
	if (rc == 0 && parse((struct str){text, (size_t)len}, out))
		rc = err_set(err, EPROTO, "the marker %s is not understood", file);
	return rc;
}

static int write_text(int home, const char *file, const char *text, size_t len)
{
	int fd, rc = 0;

	if (unlinkat(home, file, 0) < 0 && errno != ENOENT)
		return -errno;
	fd = openat(home, file, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
	if (fd < 0)
		return -errno;
	errno = EIO;
	/* a marker that a power cut left empty would make the tree a stranger's */
	if (write(fd, text, len) != (ssize_t)len || fchmod(fd, 0644) < 0 || fdatasync(fd) < 0)
		rc = -errno;
	if (close(fd) < 0 && rc == 0)
		rc = -errno;
	return rc;
}

int marker_write(int home, const char *name, const struct marker *m, struct err *err)
{
	char fresh[FILE_MAX], file[FILE_MAX], text[TEXT_MAX];
	int len, rc;

	len = snprintf(text, sizeof(text),
		"version=%d\nstate=%s\nid=%s\ncreated=%llu\ndev=%u:%u\nino=%llu\nup_links=%d\n", MARKER_VERSION,
		tree_state_names[m->state], m->id, (unsigned long long)m->created, m->dev_major,
		m->dev_minor, (unsigned long long)m->ino, m->up_links);
	file_name(fresh, name, ".new");
	file_name(file, name, "");
	rc = write_text(home, fresh, text, (size_t)len);
	if (rc == 0 && renameat(home, fresh, home, file) < 0)
		rc = -errno;
	if (rc)
		return err_sys(err, -rc, "cannot write the marker %s", file);
	return 0;
}

int marker_remove(int home, const char *name, struct err *err)
{
	char file[FILE_MAX];

	file_name(file, name, "");
	if (unlinkat(home, file, 0) < 0 && errno != ENOENT)
		return err_sys(err, errno, "cannot remove the marker %s", file);
	return 0;
}

void marker_set_dir(struct marker *m, const struct stat *tree)
{
	m->dev_major = major(tree->st_dev);
	m->dev_minor = minor(tree->st_dev);
	m->ino = tree->st_ino;
}

/*
 * Devices with major number 0 (overlay, btrfs, tmpfs, NFS) are numbered anew at each mount: there
 * the inode number and standing on the same device as its .ioriot must do.
 */
bool marker_fits(const struct marker *m, const struct stat *tree, const struct stat *home)
{
	if (!S_ISDIR(tree->st_mode) || m->ino != tree->st_ino || tree->st_dev != home->st_dev)
		return false;
	return major(tree->st_dev) == 0 ||
	       (m->dev_major == major(tree->st_dev) && m->dev_minor == minor(tree->st_dev));
}
