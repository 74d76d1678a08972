/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "capture/stap.h"
#include "tables.h"

#define PROC_SYSTEMTAP "/proc/systemtap"
#define STATUS_MOST    (1u << 20)
#define CPUS_MOST      8192

/* --- status --- */

static int copy_text(char *out, size_t size, struct str value)
{
	if (value.len >= size)
		return -ERANGE;
	memcpy(out, value.s, value.len);
	out[value.len] = '\0';
	return 0;
}

static int parse_state(enum stap_state *out, struct str value)
{
	static const char *const names[] = {"idle", "started", "stopped"};
	unsigned i;

	for (i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (str_eqs(value, names[i])) {
			*out = (enum stap_state)i;
			return 0;
		}
	return -EINVAL;
}

/* "cpu3" and "MADE:DROPPED". */
static int parse_cpu(struct stap_status *s, struct str name, struct str value)
{
	struct str made;
	struct stap_cpu *cpu;
	uint64_t number;

	name.s += 3;
	name.len -= 3;
	if (str_u64(name, &number) || number >= CPUS_MOST || s->cpus.n >= CPUS_MOST ||
		!str_take_char(&value, ':', &made))
		return -EINVAL;
	cpu = vec_push(&s->cpus);
	if (!cpu)
		return -ENOMEM;
	cpu->cpu = (unsigned)number;
	if (str_u64(made, &cpu->made) || str_u64(value, &cpu->dropped))
		return -EINVAL;
	return cpu->dropped > cpu->made ? -ERANGE : 0;
}

/* "event187", the number of its row, and "SEEN:BYTES:KEPT:DROPPED". */
static int parse_events(struct stap_status *s, struct str name, struct str value)
{
	struct stap_events *e;
	uint64_t row, number[4];
	struct str part;
	size_t i;

	name.s += 5;
	name.len -= 5;
	if (str_u64(name, &row) || row >= OP_COUNT || !(ops[row].flags & OPF_LAYER) || s->events.n >= OP_COUNT)
		return -EINVAL;
	for (i = 0; i < 4; i++) {
		part = value;
		if ((i < 3 && !str_take_char(&value, ':', &part)) || str_u64(part, &number[i]))
			return -EINVAL;
	}
	e = vec_push(&s->events);
	if (!e)
		return -ENOMEM;
	*e = (struct stap_events){(enum op_id)row, {number[0], number[1], number[2], number[3]}};
	return 0;
}

static bool is_numbered(struct str name, const char *what)
{
	size_t len = strlen(what);

	return name.len > len && memcmp(name.s, what, len) == 0 && name.s[len] >= '0' && name.s[len] <= '9';
}

enum { HAS_ABI = 1, HAS_TABLES = 2, HAS_STATE = 4, HAS_SCOPE = 8, HAS_ALL = 15 };

/* Names that are not known are of a newer module; its abi says whether that matters. */
static int parse_line(struct stap_status *s, struct str name, struct str value, unsigned *has)
{
	if (str_eqs(name, "abi")) {
		*has |= HAS_ABI;
		return str_u64(value, &s->abi);
	}
	if (str_eqs(name, "tables")) {
		*has |= HAS_TABLES;
		return copy_text(s->tables, sizeof(s->tables), value);
	}
	if (str_eqs(name, "state")) {
		*has |= HAS_STATE;
		return parse_state(&s->state, value);
	}
	if (str_eqs(name, "scope")) {
		*has |= HAS_SCOPE;
		return str_i64(value, &s->scope);
	}
	if (str_eqs(name, "variant"))
		return copy_text(s->variant, sizeof(s->variant), value);
	if (str_eqs(name, "hooks"))
		return copy_text(s->hooks, sizeof(s->hooks), value);
	if (str_eqs(name, "missing"))
		return copy_text(s->missing, sizeof(s->missing), value);
	if (str_eqs(name, "layers"))
		return copy_text(s->layers, sizeof(s->layers), value);
	if (str_eqs(name, "layers_missing"))
		return copy_text(s->layers_missing, sizeof(s->layers_missing), value);
	if (str_eqs(name, "not_called"))
		return copy_text(s->not_called, sizeof(s->not_called), value);
	if (str_eqs(name, "skipped"))
		return str_u64(value, &s->skipped);
	if (is_numbered(name, "cpu"))
		return parse_cpu(s, name, value);
	if (is_numbered(name, "event"))
		return parse_events(s, name, value);
	return 0;
}

static int parse_status(struct stap_status *s, struct str text, struct err *err)
{
	struct str line, name, value;
	unsigned has = 0;
	int rc;

	while (str_take_char(&text, '\n', &line)) {
		if (!line.len)
			continue;
		value = line;
		str_take_char(&value, '=', &name);
		rc = value.s ? parse_line(s, name, value, &has) : -EINVAL;
		if (rc == -ENOMEM)
			return err_sys(err, ENOMEM, "cannot read the module's status");
		if (rc)
			return err_set(err, EINVAL, "the module's status has a wrong line: %.*s",
				(int)(line.len < 200 ? line.len : 200), line.s);
	}
	if (has != HAS_ALL)
		return err_set(err, EINVAL, "the module's status is not complete");
	return 0;
}

int stap_status_parse(struct stap_status *out, struct str text, struct err *err)
{
	int rc;

	memset(out, 0, sizeof(*out));
	rc = parse_status(out, text, err);
	if (rc)
		stap_status_free(out);
	return rc;
}

void stap_status_free(struct stap_status *s)
{
	vec_free(&s->cpus);
	vec_free(&s->events);
}

/* All of a file of /proc, which has no size. */
static int read_all(struct buf *out, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return -errno;
	do {
		n = buf_reserve(out, 4096) ? read(fd, out->p + out->len, 4096)
					   : (errno = ENOMEM, -1);
		if (n > 0)
			out->len += (size_t)n;
	} while ((n > 0 && out->len < STATUS_MOST) || (n < 0 && errno == EINTR));
	n = n < 0 ? -errno : 0;
	close(fd);
	return (int)n;
}

int stap_status_read(struct stap_status *out, const char *module, struct err *err)
{
	struct buf text = BUF_INIT;
	char path[96];
	int rc;

	memset(out, 0, sizeof(*out));
	snprintf(path, sizeof(path), PROC_SYSTEMTAP "/%s/status", module);
	rc = read_all(&text, path);
	if (rc)
		err_sys(err, -rc, "cannot read %s", path);
	else
		rc = stap_status_parse(out, buf_as_str(&text), err);
	buf_free(&text);
	return rc;
}

int stap_status_check(const struct stap_status *s, struct err *err)
{
	if (s->abi != WIRE_ABI)
		return err_set(err, ENOSYS,
			"the module speaks version %" PRIu64
			" of the records, this ioriot %d: build "
			"both from the same sources",
			s->abi, WIRE_ABI);
	if (strcmp(s->tables, IORIOT_TABLES) != 0)
		return err_set(err, ENOSYS,
			"the module was built with other tables of calls (%s) than this ioriot "
			"(%s): "
			"build both from the same sources",
			s->tables, IORIOT_TABLES);
	return 0;
}

/* --- ctl --- */

int stap_ctl(const char *module, struct err *err, const char *fmt, ...)
{
	char path[96], command[64];
	ssize_t n;
	va_list ap;
	int fd, len;

	snprintf(path, sizeof(path), PROC_SYSTEMTAP "/%s/ctl", module);
	va_start(ap, fmt);
	len = vsnprintf(command, sizeof(command), fmt, ap);
	va_end(ap);
	if (len < 0 || (size_t)len >= sizeof(command))
		return err_set(err, EINVAL, "the command %s is too long", command);
	/* not kept open, and never O_NONBLOCK: SystemTap has one opener at a time */
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return err_sys(err, errno, "cannot open %s", path);
	do
		n = write(fd, command, (size_t)len);
	while (n < 0 && errno == EINTR);
	if (n != len)
		err_sys(err, n < 0 ? errno : EIO, "the module refuses \"%s\"", command);
	close(fd);
	return n == len ? 0 : -err->code;
}

const char *stap_trace_directory(const char *module, char *out, size_t size)
{
	static const char *const roots[] = {PROC_SYSTEMTAP, "/sys/kernel/debug/systemtap"};
	char first[128];
	size_t i;

	for (i = 0; i < sizeof(roots) / sizeof(*roots); i++) {
		snprintf(out, size, "%s/%s", roots[i], module);
		snprintf(first, sizeof(first), "%s/%s/trace0", roots[i], module);
		if (access(first, F_OK) == 0)
			break;
	}
	return out;
}
