/* SPDX-License-Identifier: Apache-2.0 */
#include "utils/err.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

int err_set(struct err *err, int code, const char *fmt, ...)
{
	va_list ap;

	if (!err)
		return -code;
	va_start(ap, fmt);
	vsnprintf(err->text, sizeof(err->text), fmt, ap);
	va_end(ap);
	err->code = code;
	return -code;
}

int err_sys(struct err *err, int code, const char *fmt, ...)
{
	size_t len;
	va_list ap;

	if (!err)
		return -code;
	va_start(ap, fmt);
	vsnprintf(err->text, sizeof(err->text), fmt, ap);
	va_end(ap);
	len = strlen(err->text);
	snprintf(err->text + len, sizeof(err->text) - len, ": %s", strerror(code));
	err->code = code;
	return -code;
}

#define SHOWN_WHOLE  240 /* bytes; of longer texts those are shown that are so near: */
#define SHOWN_BEFORE 120
#define SHOWN_BEHIND 60

/* Within a character of UTF-8. */
static bool is_inside(char c)
{
	return ((unsigned char)c & 0xc0) == 0x80;
}

int err_place(struct err *err, const char *option, const char *what, const char *text, size_t at)
{
	size_t end = strlen(text), from = 0, i;
	char shown[SHOWN_WHOLE + 16];
	int column;

	if (end > SHOWN_WHOLE) {
		from = at > SHOWN_BEFORE ? at - SHOWN_BEFORE : 0;
		end = end - at > SHOWN_BEHIND ? at + SHOWN_BEHIND : end;
	}
	while (from < at && is_inside(text[from]))
		from++;
	while (is_inside(text[end]))
		end--;
	snprintf(shown, sizeof(shown), "%s%.*s%s", from ? "..." : "", (int)(end - from), text + from,
		text[end] ? "..." : "");
	for (i = 0; shown[i]; i++)
		if ((unsigned char)shown[i] < ' ' || shown[i] == 0x7f)
			shown[i] = ' ';
	column = from ? 3 : 0;
	for (i = from; i < at; i++)
		column += !is_inside(text[i]);
	return err_set(err, EINVAL, "%s: %s\n  %s\n  %*s^", option, what, shown, column, "");
}

int err_prefix(struct err *err, const char *fmt, ...)
{
	char old[sizeof(err->text)];
	size_t len;
	va_list ap;

	if (!err)
		return -1;
	memcpy(old, err->text, sizeof(old));
	va_start(ap, fmt);
	vsnprintf(err->text, sizeof(err->text), fmt, ap);
	va_end(ap);
	len = strlen(err->text);
	snprintf(err->text + len, sizeof(err->text) - len, ": %.*s", (int)(sizeof(old) - 1), old);
	return -err->code;
}
