/* SPDX-License-Identifier: Apache-2.0 */
#include "trace/hide.h"

#include <errno.h>
#include <fcntl.h>
#include <nettle/hmac.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ops/sockets.h"

#define WORD	   16  /* letters of what a name becomes: 80 bits */
#define NAME_MOST  255 /* bytes of a name that a file can have */
#define SHORT	   8   /* shorter names of attributes are enciphered: so few letters would meet */
#define ROUNDS	   8

struct hide {
	struct hmac_sha256_ctx mac;
	struct buf path, path2;
};

/* What a name is of: the same bytes in two roles are two words. */
enum role { ROLE_NAME = 'n', ROLE_ATTRIBUTE = 'x', ROLE_HANDLE = 'h', ROLE_ADDRESS = 'a', ROLE_ROUND = 'r' };

int hide_open(struct hide **out, const char *path, struct err *err)
{
	struct hide *h = calloc(1, sizeof(*h));
	uint8_t key[HIDE_KEY_MOST + 1];
	int fd = open(path, O_RDONLY | O_CLOEXEC), rc = 0;
	ssize_t n = fd < 0 ? -1 : read(fd, key, sizeof(key));

	*out = h;
	if (!h)
		rc = err_sys(err, ENOMEM, "%s", path);
	else if (n < 0)
		rc = err_sys(err, errno, "--anonymize: %s", path);
	else if (n < HIDE_KEY_LEAST || n > HIDE_KEY_MOST)
		rc = err_set(err, EINVAL, "--anonymize: a key has %d to %d bytes, and %s has %s", HIDE_KEY_LEAST,
			HIDE_KEY_MOST, path, n < HIDE_KEY_LEAST ? "less" : "more");
	else
		hmac_sha256_set_key(&h->mac, (size_t)n, key);
	explicit_bzero(key, sizeof(key));
	if (fd >= 0)
		close(fd);
	if (rc) {
		hide_close(h);
		*out = NULL;
	}
	return rc;
}

void hide_close(struct hide *h)
{
	if (!h)
		return;
	buf_free(&h->path);
	buf_free(&h->path2);
	explicit_bzero(&h->mac, sizeof(h->mac));
	free(h);
}

static void digest_of(struct hide *h, enum role role, struct str s, uint8_t digest[SHA256_DIGEST_SIZE])
{
	uint8_t kind = (uint8_t)role;

	hmac_sha256_update(&h->mac, 1, &kind);
	hmac_sha256_update(&h->mac, s.len, (const uint8_t *)s.s);
	hmac_sha256_digest(&h->mac, SHA256_DIGEST_SIZE, digest);
}

/* LEN letters; what a digest does not suffice for is filled. */
static void put_letters(struct buf *out, const uint8_t *digest, size_t len)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz234567";
	size_t i, bit;

	for (i = 0; i < len; i++) {
		unsigned pair;

		bit = 5 * i;
		if (bit / 8 + 1 >= SHA256_DIGEST_SIZE) {
			buf_char(out, 'x');
			continue;
		}
		pair = (unsigned)digest[bit / 8] << 8 | digest[bit / 8 + 1];
		buf_char(out, letters[pair >> (11 - bit % 8) & 31]);
	}
}

static void put_word(struct hide *h, struct buf *out, enum role role, struct str s, size_t len)
{
	uint8_t digest[SHA256_DIGEST_SIZE];

	digest_of(h, role, s, digest);
	put_letters(out, digest, len);
}

/* --- paths --- */

static bool is_number(struct str s)
{
	uint64_t n;

	return s.len && !str_u64(s, &n);
}

static bool is_one_of(struct str s, const char *const *words)
{
	for (; *words; words++)
		if (str_eqs(s, *words))
			return true;
	return false;
}

/* The kernel's mark of removed files stays. A name that no file can have stays too long. */
static void put_component(struct hide *h, struct buf *out, struct str c)
{
	const struct str gone = STR(" (deleted)");
	bool marked = c.len > gone.len && memcmp(c.s + c.len - gone.len, gone.s, gone.len) == 0;

	if (str_eqs(c, ".") || str_eqs(c, ".."))
		buf_str(out, c);
	else if (c.len > NAME_MOST)
		put_word(h, out, ROLE_NAME, c, c.len);
	else if (c.len)
		put_word(h, out, ROLE_NAME, (struct str){c.s, c.len - (marked ? gone.len : 0)}, WORD);
	if (marked && c.len <= NAME_MOST)
		buf_str(out, gone);
}

/* Takes the component in front with the slash behind it, where it has one, and puts it as it is. */
static void keep(struct buf *out, struct str *rest)
{
	const char *slash = memchr(rest->s, '/', rest->len);
	size_t len = slash ? (size_t)(slash - rest->s) + 1 : rest->len;

	buf_add(out, rest->s, len);
	*rest = (struct str){rest->s + len, rest->len - len};
}

static struct str first_of(struct str rest)
{
	const char *slash = memchr(rest.s, '/', rest.len);

	return (struct str){rest.s, slash ? (size_t)(slash - rest.s) : rest.len};
}

/* Behind /proc/: whose, and what of it, up to where a path of others begins. */
static void keep_proc(struct buf *out, struct str *rest)
{
	static const char *const whose[] = {"self", "thread-self", NULL};
	static const char *const tables[] = {"fd", "fdinfo", NULL};
	static const char *const links[] = {"cwd", "root", "exe", NULL};

	if (str_eqs(*rest, "sys/vm/drop_caches")) {
		buf_str(out, *rest);
		*rest = STR("");
		return;
	}
	if (!is_one_of(first_of(*rest), whose) && !is_number(first_of(*rest)))
		return;
	keep(out, rest);
	if (str_eqs(first_of(*rest), "task")) {
		keep(out, rest);
		if (is_number(first_of(*rest)))
			keep(out, rest);
	}
	if (is_one_of(first_of(*rest), links)) {
		keep(out, rest);
	} else if (is_one_of(first_of(*rest), tables)) {
		keep(out, rest);
		if (is_number(first_of(*rest)))
			keep(out, rest);
	}
}

static void keep_dev(struct buf *out, struct str *rest)
{
	static const char *const numbered[] = {"fd", "pts", NULL};
	static const char *const devices[] = {"tty", "console", "ptmx", "null", "zero", "full", "random", "urandom",
		"stdin", "stdout", "stderr", NULL};

	if (is_one_of(first_of(*rest), numbered)) {
		keep(out, rest);
		if (is_number(first_of(*rest)))
			keep(out, rest);
	} else if (is_one_of(*rest, devices)) {
		keep(out, rest);
	}
}

/* The words at the beginning that are the kernel's own. */
static void keep_own(struct buf *out, struct str *rest)
{
	static const struct {
		struct str start;
		void (*more)(struct buf *out, struct str *rest);
	} trees[] = {{{"/proc/", 6}, keep_proc}, {{"/dev/", 5}, keep_dev}, {{"/sys/", 5}, NULL},
		{{"/memfd:", 7}, NULL}};
	size_t i;

	if (str_eqs(*rest, "/proc") || str_eqs(*rest, "/dev") || str_eqs(*rest, "/sys")) {
		buf_str(out, *rest);
		*rest = STR("");
		return;
	}
	for (i = 0; i < sizeof(trees) / sizeof(*trees); i++) {
		struct str start = trees[i].start;

		if (!str_starts(*rest, start))
			continue;
		buf_str(out, start);
		*rest = (struct str){rest->s + start.len, rest->len - start.len};
		if (trees[i].more)
			trees[i].more(out, rest);
		return;
	}
}

void hide_path(struct hide *h, struct buf *out, struct str path)
{
	keep_own(out, &path);
	while (path.len) {
		struct str c = first_of(path);

		put_component(h, out, c);
		path = (struct str){path.s + c.len, path.len - c.len};
		if (path.len) {
			buf_char(out, '/');
			path = (struct str){path.s + 1, path.len - 1};
		}
	}
}

void hide_words(struct hide *h, struct buf *out, struct str words)
{
	while (words.len) {
		const char *blank = memchr(words.s, ' ', words.len);
		struct str word = {words.s, blank ? (size_t)(blank - words.s) : words.len};

		hide_path(h, out, word);
		if (blank)
			buf_char(out, ' ');
		words = (struct str){word.s + word.len + !!blank, words.len - word.len - !!blank};
	}
}

void hide_text(struct hide *h, struct buf *out, struct str text)
{
	if (text.len)
		put_word(h, out, ROLE_NAME, text, WORD);
}

/* What an open descriptor is that is no file: "pipe:[4711]", "anon_inode:[eventpoll]". */
static bool is_no_file(struct str name)
{
	return str_starts(name, STR("pipe:[")) || str_starts(name, STR("socket:[")) ||
	       str_starts(name, STR("anon_inode:"));
}

/* --- extended attributes --- */

/* Half of the bytes of a Feistel network: as many bits of a digest, of the other half. */
static uint32_t round_of(struct hide *h, unsigned round, size_t len, uint32_t half)
{
	uint8_t digest[SHA256_DIGEST_SIZE], in[6] = {(uint8_t)round, (uint8_t)len};

	memcpy(in + 2, &half, sizeof(half));
	digest_of(h, ROLE_ROUND, (struct str){(const char *)in, sizeof(in)}, digest);
	memcpy(&half, digest, sizeof(half));
	return half & (uint32_t)((UINT64_C(1) << 4 * len) - 1);
}

static uint64_t encipher(struct hide *h, size_t len, uint64_t number)
{
	uint32_t left = (uint32_t)(number >> 4 * len), right = (uint32_t)(number & ((UINT64_C(1) << 4 * len) - 1));
	unsigned round;

	for (round = 0; round < ROUNDS; round++) {
		uint32_t next = left ^ round_of(h, round, len, right);

		left = right;
		right = next;
	}
	return (uint64_t)left << 4 * len | right;
}

static bool has_zero(uint64_t number, size_t len)
{
	for (; len; len--, number >>= 8)
		if (!(number & 0xff))
			return true;
	return false;
}

/* Two names never become the same: again and again until the number is a name. */
static void put_short(struct hide *h, struct buf *out, struct str s)
{
	uint64_t number = 0;
	size_t i;

	for (i = 0; i < s.len; i++)
		number = number << 8 | (uint8_t)s.s[i];
	do
		number = encipher(h, s.len, number);
	while (has_zero(number, s.len));
	for (i = s.len; i > 0; i--)
		buf_char(out, (char)(number >> 8 * (i - 1)));
}

/* The lengths of names are in the results of listxattr(2): they stay, and names that the kernel knows do. */
static void put_attribute(struct hide *h, struct buf *out, struct str name)
{
	static const char *const known[] = {"system.posix_acl_access", "system.posix_acl_default",
		"security.capability", "security.selinux", "security.ima", "security.evm", "security.apparmor", NULL};
	static const struct str spaces[] = {
		{"user.", 5}, {"trusted.", 8}, {"system.", 7}, {"security.", 9}, {"btrfs.", 6}};
	size_t i, kept = 0;

	if (is_one_of(name, known)) {
		buf_str(out, name);
		return;
	}
	for (i = 0; i < sizeof(spaces) / sizeof(*spaces); i++)
		if (str_starts(name, spaces[i]))
			kept = spaces[i].len;
	buf_add(out, name.s, kept);
	name = (struct str){name.s + kept, name.len - kept};
	if (name.len < SHORT && name.len)
		put_short(h, out, name);
	else
		put_word(h, out, ROLE_ATTRIBUTE, name, name.len);
}

/* --- handles and addresses --- */

/* The type stands in front, four bytes. */
static void put_handle(struct hide *h, struct buf *out, struct str bytes)
{
	uint8_t digest[SHA256_DIGEST_SIZE];
	size_t i, type = bytes.len < 4 ? bytes.len : 4;

	digest_of(h, ROLE_HANDLE, bytes, digest);
	buf_add(out, bytes.s, type);
	for (i = type; i < bytes.len; i++)
		buf_char(out, (char)digest[(i - type) % sizeof(digest)]);
}

static void put_host(struct hide *h, struct buf *out, struct str host)
{
	static const char *const none[] = {"0.0.0.0", "::", "", NULL};

	if (is_one_of(host, none))
		buf_str(out, host);
	else
		put_word(h, out, ROLE_ADDRESS, host, WORD);
}

static void put_address(struct hide *h, struct buf *out, struct str address, int version)
{
	struct str host, port;

	if (version) {
		bool bracketed = address.len && address.s[0] == '[';

		socket_port(address, &host, &port);
		buf_puts(out, bracketed ? "[" : "");
		put_host(h, out, host);
		buf_puts(out, bracketed ? "]" : "");
		if (port.len) {
			buf_char(out, ':');
			buf_str(out, port);
		}
	} else if (address.len && address.s[0] == '@') {
		buf_char(out, '@');
		hide_text(h, out, (struct str){address.s + 1, address.len - 1});
	} else {
		hide_path(h, out, address);
	}
}

static void put_socket(struct hide *h, struct buf *out, struct str socket)
{
	struct str protocol, address;

	socket_split(socket, &protocol, &address);
	buf_str(out, protocol);
	buf_char(out, '/');
	put_address(h, out, address, socket_ip_version(protocol));
}

/* The other end is of the same protocol. */
static void put_peer(struct hide *h, struct buf *out, const struct rec *rec)
{
	struct str protocol, address;

	socket_split(rec->path, &protocol, &address);
	put_address(h, out, rec->path2, socket_ip_version(protocol));
}

/* --- records --- */

/* What p of these says is ours. */
static bool is_our_word(enum op_id op, enum arg_kind kind)
{
	if (kind == A_PATH)
		return op == OP_lost || op == OP_layer_sum || op == OP_file_call;
	return kind == A_TARGET && op == OP_state_mount; /* type of a file system */
}

static void put_string(struct hide *h, struct buf *out, const struct rec *rec, enum arg_kind kind, struct str s)
{
	if (is_our_word(rec->op, kind) || (ops[rec->op].family == FAM_State && is_no_file(s)))
		buf_str(out, s);
	else if (kind == A_XNAME)
		put_attribute(h, out, s);
	else if (kind == A_HANDLE || kind == A_HANDLEIN)
		put_handle(h, out, s);
	else if (kind == A_LOCAL)
		put_socket(h, out, s);
	else if (kind == A_PEER)
		put_peer(h, out, rec);
	else
		hide_path(h, out, s);
}

void hide_print(struct hide *h, struct buf *out, const struct rec *rec)
{
	struct rec hidden;
	int i;

	if (!h) {
		capture_print(out, rec);
		return;
	}
	hidden = *rec;
	h->path.len = h->path2.len = 0;
	for (i = 0; i < OP_ARGS; i++) {
		enum arg_kind kind = ops[rec->op].arg[i];
		enum arg_form form = arg_infos[kind].form;

		if (form == FORM_PATH && rec->path.s) {
			put_string(h, &h->path, rec, kind, rec->path);
			hidden.path = buf_as_str(&h->path);
		} else if ((form == FORM_PATH2 || form == FORM_BYTES) && rec->path2.s) {
			put_string(h, &h->path2, rec, kind, rec->path2);
			hidden.path2 = buf_as_str(&h->path2);
		}
	}
	out->failed |= !buf_ok(&h->path) || !buf_ok(&h->path2);
	capture_print(out, &hidden);
}

bool hide_pair(struct hide *h, struct arena *a, struct capture_pair *pair)
{
	static const char *const open[] = {"backend", "arch", "kernel", "start_mono", "start_wall", "uid", "only",
		"faults", "facts", "layers", "layers_missing", "layers_silent", "layers_untried", "hooks", "missing",
		"maps", "part", "names", NULL};
	const char *text;

	h->path.len = 0;
	if (is_one_of(str_of(pair->key), open))
		buf_str(&h->path, pair->value);
	else if (strcmp(pair->key, "cmd") == 0 || strcmp(pair->key, "files") == 0)
		hide_words(h, &h->path, pair->value);
	else
		hide_text(h, &h->path, pair->value);
	text = buf_ok(&h->path) ? arena_strdup(a, buf_as_str(&h->path)) : NULL;
	pair->value = (struct str){text, text ? h->path.len : 0};
	return text;
}
