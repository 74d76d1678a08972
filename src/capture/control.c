/* SPDX-License-Identifier: Apache-2.0 */
#include "capture/control.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "capture/watch.h"
#include "utils/clock.h"

#define CLIENTS	    8
#define REQUEST_MAX (PATH_MAX + 64)
#define PATIENCE    (10ull * NS_PER_SEC) /* with who says or takes nothing */

struct client {
	int fd; /* -1: none */
	uint64_t heard; /* when it was last seen to do something */
	uint64_t asked; /* when its request was complete, 0: it is not yet */
	bool answered;
	struct buf in, out;
	size_t sent;
};

struct control {
	int fd;
	char *path;
	struct client client[CLIENTS];
};

/* --- the socket --- */

static int address_of(struct sockaddr_un *to, const char *path, struct err *err)
{
	*to = (struct sockaddr_un){.sun_family = AF_UNIX};
	if (strlen(path) >= sizeof(to->sun_path))
		return err_set(err, ENAMETOOLONG, "--socket %s: the name of a socket has at most %zu bytes", path,
			sizeof(to->sun_path) - 1);
	memcpy(to->sun_path, path, strlen(path));
	return 0;
}

static int connect_to(const struct sockaddr_un *to)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), rc;

	if (fd < 0)
		return -errno;
	if (connect(fd, (const struct sockaddr *)to, sizeof(*to)) == 0)
		return fd;
	rc = -errno;
	close(fd);
	return rc;
}

/* A socket that nobody listens to goes; anything else stays. */
static int make_room(const struct sockaddr_un *at, struct err *err)
{
	struct stat is;
	int fd;

	if (lstat(at->sun_path, &is))
		return 0;
	if (!S_ISSOCK(is.st_mode))
		return err_set(err, EEXIST, "%s is there and no socket", at->sun_path);
	fd = connect_to(at);
	if (fd >= 0)
		close(fd);
	if (fd != -ECONNREFUSED)
		return err_set(err, EADDRINUSE,
			"%s is another capture's, or somebody else's: --socket FILE gives this one its own",
			at->sun_path);
	return unlink(at->sun_path) ? err_sys(err, errno, "cannot remove %s", at->sun_path) : 0;
}

static int listen_at(struct control *c, const char *path, struct err *err)
{
	struct sockaddr_un at;
	mode_t mask;
	int rc = address_of(&at, path, err), bound;

	if (!rc)
		rc = make_room(&at, err);
	if (rc)
		return rc;
	c->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (c->fd < 0)
		return err_sys(err, errno, "cannot make a socket");
	mask = umask(0177); /* connect(2) asks for the right to write */
	bound = bind(c->fd, (const struct sockaddr *)&at, sizeof(at));
	rc = bound ? errno : 0;
	umask(mask);
	if (bound)
		return err_sys(err, rc, "cannot make %s", path);
	c->path = strdup(path);
	if (!c->path || listen(c->fd, CLIENTS))
		return err_sys(err, c->path ? errno : ENOMEM, "cannot listen at %s", path);
	return 0;
}

int control_open(struct control **out, const char *path, struct err *err)
{
	struct control *c = calloc(1, sizeof(*c));
	int i, rc;

	*out = c;
	if (!c)
		return err_sys(err, ENOMEM, "cannot be controlled");
	c->fd = -1;
	for (i = 0; i < CLIENTS; i++)
		c->client[i].fd = -1;
	rc = listen_at(c, path ? path : CONTROL_SOCKET, err);
	if (rc) {
		control_close(c);
		*out = NULL;
	}
	return rc;
}

static void client_close(struct client *k)
{
	if (k->fd >= 0)
		close(k->fd);
	buf_free(&k->in);
	buf_free(&k->out);
	*k = (struct client){.fd = -1};
}

void control_close(struct control *c)
{
	int i;

	if (!c)
		return;
	for (i = 0; i < CLIENTS; i++)
		client_close(&c->client[i]);
	if (c->fd >= 0)
		close(c->fd);
	if (c->path)
		unlink(c->path);
	free(c->path);
	free(c);
}

/* --- requests --- */

/* The mode of the socket says it already, but a directory may be handed on. */
static bool is_allowed(int fd)
{
	struct ucred who;
	socklen_t len = sizeof(who);

	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &len) == 0 && (who.uid == 0 || who.uid == geteuid());
}

static void accept_all(struct control *c)
{
	int i;

	for (i = 0; i < CLIENTS; i++) {
		struct client *k = &c->client[i];

		if (k->fd >= 0)
			continue;
		k->fd = accept4(c->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
		if (k->fd < 0)
			return;
		k->heard = now_ns();
		if (!is_allowed(k->fd))
			client_close(k);
	}
}

static void hear(struct client *k)
{
	char bytes[REQUEST_MAX];
	ssize_t n;

	while (!k->asked && (n = recv(k->fd, bytes, sizeof(bytes), 0)) > 0) {
		buf_add(&k->in, bytes, (size_t)n);
		k->heard = now_ns();
		if (!buf_ok(&k->in) || k->in.len > REQUEST_MAX) {
			client_close(k);
			return;
		}
		if (memchr(k->in.p, '\n', k->in.len))
			k->asked = k->heard;
	}
}

static void answer(struct client *k, struct watch *w)
{
	struct str arg = buf_as_str(&k->in), line, command;
	struct err err;

	str_take_char(&arg, '\n', &line);
	str_take_char(&line, ' ', &command);
	buf_char(&k->out, '+');
	if (watch_command(w, command, line.s ? line : STR(""), &k->out, &err)) {
		k->out.len = 0;
		buf_addf(&k->out, "-%s\n", err.text);
	}
	k->answered = true;
}

static void speak(struct client *k)
{
	ssize_t n = 0;

	while (k->sent < k->out.len && buf_ok(&k->out) &&
		(n = send(k->fd, k->out.p + k->sent, k->out.len - k->sent, MSG_NOSIGNAL)) > 0) {
		k->sent += (size_t)n;
		k->heard = now_ns();
	}
	if (k->sent == k->out.len || !buf_ok(&k->out) || (n < 0 && errno != EAGAIN && errno != EINTR))
		client_close(k);
}

void control_round(struct control *c, struct watch *w, uint64_t t)
{
	uint64_t now = now_ns();
	int i;

	accept_all(c);
	for (i = 0; i < CLIENTS; i++) {
		struct client *k = &c->client[i];

		if (k->fd >= 0)
			hear(k);
		if (k->fd >= 0 && k->asked && k->asked <= t && !k->answered)
			answer(k, w);
		if (k->fd >= 0 && k->answered)
			speak(k);
		if (k->fd >= 0 && now > k->heard && now - k->heard > PATIENCE)
			client_close(k);
	}
}

/* --- the other side --- */

/* Names start from where the user is; what is no file there may be what a watched one was called. */
static int put_file(struct buf *to, const char *command, const char *file)
{
	size_t len = strcmp(command, "add") == 0 ? watch_name_len(file) : strlen(file);
	char *name = strndup(file, len), *whole = name ? realpath(name, NULL) : NULL;

	buf_char(to, ' ');
	buf_puts(to, whole ? whole : name ? name : "");
	buf_puts(to, file + len);
	free(whole);
	free(name);
	return name && buf_ok(to) && !memchr(to->p, '\n', to->len) ? 0 : -EINVAL;
}

static int send_all(int fd, const struct buf *b)
{
	size_t sent = 0;
	ssize_t n;

	while (sent < b->len) {
		n = send(fd, b->p + sent, b->len - sent, MSG_NOSIGNAL);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return -errno;
		sent += (size_t)n;
	}
	return 0;
}

static int receive_all(int fd, struct buf *b)
{
	char bytes[65536];
	ssize_t n;

	while ((n = recv(fd, bytes, sizeof(bytes), 0)) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		buf_add(b, bytes, (size_t)n);
	}
	return buf_ok(b) ? 0 : -ENOMEM;
}

static int ask(const char *path, struct buf *text, struct buf *reply, struct err *err)
{
	struct sockaddr_un at;
	int rc = address_of(&at, path, err), fd;

	if (rc)
		return rc;
	fd = connect_to(&at);
	if (fd < 0)
		return err_sys(err, -fd, "no capture listens at %s, or it is not ours", path);
	buf_char(text, '\n');
	rc = buf_ok(text) ? send_all(fd, text) : -ENOMEM;
	if (!rc)
		rc = receive_all(fd, reply);
	close(fd);
	if (rc)
		return err_sys(err, -rc, "cannot ask the capture at %s", path);
	if (!reply->len)
		return err_set(err, EPIPE, "the capture at %s ended or does not answer", path);
	return 0;
}

int control_command(const struct options *o)
{
	struct buf text = BUF_INIT, reply = BUF_INIT;
	struct err err = {0};
	int rc = 0;

	buf_puts(&text, o->control);
	if (o->operands_count && put_file(&text, o->control, o->operands[0]))
		rc = err_set(&err, EINVAL, "this name cannot be sent");
	if (!rc)
		rc = ask(o->socket ? o->socket : CONTROL_SOCKET, &text, &reply, &err);
	if (!rc && reply.p[0] == '+')
		fwrite(reply.p + 1, 1, reply.len - 1, stdout);
	else
		fprintf(stderr, "ioriot: %.*s%s", rc ? (int)strlen(err.text) : (int)reply.len - 1,
			rc ? err.text : reply.p + 1, rc ? "\n" : "");
	rc = rc || reply.p[0] != '+' ? EXIT_FAILED : EXIT_DONE;
	buf_free(&text);
	buf_free(&reply);
	return rc;
}
