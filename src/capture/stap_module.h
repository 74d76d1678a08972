/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IORIOT_CAPTURE_STAP_MODULE_H
#define IORIOT_CAPTURE_STAP_MODULE_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

#include "options.h"
#include "utils/err.h"

/* The SystemTap module of a capture: which file it is, and whether this host can load it. */

#define STAP_NAME_MAX 56 /* of a module: MODULE_NAME_LEN of the kernel, with the NUL */

struct stap_module {
	char path[PATH_MAX];
	char name[STAP_NAME_MAX]; /* as the kernel will call it, unless staprun renames it */
	bool system;		  /* in /lib/modules/RELEASE/systemtap: staprun takes it by name */
	bool has_signature;
};

/*
 * Finds the module that O asks for, and reads what it was made for. A name without '/' is looked
 * for beside this program (as installed, and as built), in the PREFIX of the build and in
 * /lib/modules. -ENOSYS, with a sentence that says how to make one: there is none, it is for
 * another kernel, or it is damaged.
 */
int stap_module_find(struct stap_module *out, const struct options *o, struct err *err);

/* What a module file says of itself. */
struct stap_modinfo {
	char name[STAP_NAME_MAX];
	char release[96]; /* the kernel's, the first word of its "vermagic" */
	bool has_signature;
};

/* From the bytes of the file. -EINVAL with a sentence: not a module of this machine, or damaged. */
int stap_modinfo_parse(
	struct stap_modinfo *out, const unsigned char *file, size_t size, struct err *err);

/*
 * Whether this host loads MODULE for this user: -ENOSYS or -EPERM with a sentence. NULL: only what
 * holds for all of them.
 */
int stap_host_check(const struct stap_module *module, struct err *err);

/* Of that, whether this user may load it. */
int stap_user_check(const struct stap_module *module, struct err *err);

#endif
