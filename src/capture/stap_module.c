/* SPDX-License-Identifier: Apache-2.0 */
#include "capture/stap_module.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "utils/str.h"

/* --- what is in the file --- */

#define SIGNATURE "~Module signature appended~\n" /* the file's end: linux/module_signature.h */

#if defined(__x86_64__)
#define MACHINE EM_X86_64
#elif defined(__aarch64__)
#define MACHINE EM_AARCH64
#endif

/* Where a section lies in the file. False: not all of it is there. */
static bool section_bytes(struct str file, const Elf64_Shdr *section, struct str *out)
{
	if (section->sh_type == SHT_NOBITS || section->sh_offset > file.len ||
		section->sh_size > file.len - section->sh_offset)
		return false;
	*out = (struct str){file.s + section->sh_offset, section->sh_size};
	return true;
}

static bool read_section(struct str file, const Elf64_Ehdr *head, size_t index, Elf64_Shdr *out)
{
	if (index >= head->e_shnum)
		return false;
	memcpy(out, file.s + head->e_shoff + index * sizeof(*out), sizeof(*out));
	return true;
}

static bool read_header(struct str file, Elf64_Ehdr *head)
{
	if (file.len < sizeof(*head))
		return false;
	memcpy(head, file.s, sizeof(*head));
	return memcmp(head->e_ident, ELFMAG, SELFMAG) == 0 &&
	       head->e_ident[EI_CLASS] == ELFCLASS64 && head->e_machine == MACHINE &&
	       head->e_type == ET_REL && head->e_shentsize == sizeof(Elf64_Shdr) &&
	       head->e_shoff <= file.len &&
	       head->e_shnum <= (file.len - head->e_shoff) / sizeof(Elf64_Shdr);
}

/* The section called NAME. */
static bool find_section(struct str file, struct str name, struct str *out)
{
	Elf64_Ehdr head;
	Elf64_Shdr section;
	struct str names;
	size_t i;

	if (!read_header(file, &head) || !read_section(file, &head, head.e_shstrndx, &section) ||
		!section_bytes(file, &section, &names))
		return false;
	for (i = 0; read_section(file, &head, i, &section); i++) {
		size_t at = section.sh_name;

		if (at < names.len && names.len - at > name.len &&
			memcmp(names.s + at, name.s, name.len) == 0 &&
			names.s[at + name.len] == '\0')
			return section_bytes(file, &section, out);
	}
	return false;
}

/* The value of "KEY=value" among strings that end in NUL; false: not there, or longer than OUT. */
static bool find_value(struct str info, struct str key, char *out, size_t size)
{
	struct str line;

	while (str_take_char(&info, '\0', &line)) {
		if (!str_starts(line, key))
			continue;
		line.s += key.len;
		line.len -= key.len;
		if (line.len >= size)
			return false;
		memcpy(out, line.s, line.len);
		out[line.len] = '\0';
		return true;
	}
	return false;
}

int stap_modinfo_parse(
	struct stap_modinfo *out, const unsigned char *file, size_t size, struct err *err)
{
	struct str all = {(const char *)file, size}, info, mark = STR(SIGNATURE);

	memset(out, 0, sizeof(*out));
	if (!find_section(all, STR(".modinfo"), &info))
		return err_set(err, EINVAL, "not a kernel module of this machine, or damaged");
	if (!find_value(info, STR("name="), out->name, sizeof(out->name)) ||
		!find_value(info, STR("vermagic="), out->release, sizeof(out->release)))
		return err_set(err, EINVAL, "does not say which kernel it is for");
	out->release[strcspn(out->release, " ")] = '\0';
	out->has_signature =
		size >= mark.len && memcmp(all.s + size - mark.len, mark.s, mark.len) == 0;
	return 0;
}

static int read_modinfo(struct stap_modinfo *out, const char *path, struct err *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), rc;
	struct stat st;
	void *map;

	if (fd < 0)
		return err_sys(err, errno, "cannot read the module");
	if (fstat(fd, &st) || !S_ISREG(st.st_mode) || st.st_size == 0) {
		close(fd);
		return err_set(err, EINVAL, "not a kernel module");
	}
	map = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	close(fd);
	if (map == MAP_FAILED)
		return err_sys(err, errno, "cannot read the module");
	rc = stap_modinfo_parse(out, map, (size_t)st.st_size, err);
	munmap(map, (size_t)st.st_size);
	return rc;
}

/* --- where it is --- */

static bool in_group(const char *name)
{
	struct group *group = getgrnam(name);
	gid_t list[NGROUPS_MAX];
	int i, n = getgroups(NGROUPS_MAX, list);

	for (i = 0; group && i < n; i++)
		if (list[i] == group->gr_gid)
			return true;
	return group && getegid() == group->gr_gid;
}

/* The directory of this program's file, with a '/' behind it, or "" when it cannot be told. */
static void own_directory(char *out, size_t size)
{
	ssize_t len = readlink("/proc/self/exe", out, size);
	char *slash;

	if (len < 0 || (size_t)len >= size)
		len = 0;
	out[len] = '\0';
	slash = strrchr(out, '/');
	out[slash ? slash + 1 - out : 0] = '\0';
}

/* DIRECTORY/RELEASE/BEHIND/NAME.ko */
static const struct place {
	const char *directory, *behind;
	bool beside; /* the directory starts at this program's */
	bool system;
} places[] = {
	{"../systemtap", "", true, false},	 /* as installed: PREFIX/bin/ioriot */
	{"systemtap/build", "", true, false},	 /* as built: ./ioriot */
	{"../systemtap/build", "", true, false}, /* build/ioriot */
	{IORIOT_PREFIX "/systemtap", "", false, false},
	{"/lib/modules", "/systemtap", false, true},
};

static bool try_place(
	struct stap_module *out, const struct place *place, const char *release, struct str name)
{
	char own[PATH_MAX] = "";
	int n;

	if (place->beside)
		own_directory(own, sizeof(own));
	if (place->beside && !*own)
		return false;
	n = snprintf(out->path, sizeof(out->path), "%s%s/%s%s/%.*s.ko", own, place->directory,
		release, place->behind, (int)name.len, name.s);
	out->system = place->system;
	return n > 0 && (size_t)n < sizeof(out->path) && access(out->path, R_OK) == 0;
}

/* Whether staprun takes modules from the system's directory only. */
static bool is_restricted(void)
{
	return geteuid() != 0 && !in_group("stapdev");
}

static bool look_up(struct stap_module *out, const char *release, struct str name)
{
	bool restricted = is_restricted();
	size_t i, pass;

	for (pass = 0; pass < 2; pass++)
		for (i = 0; i < sizeof(places) / sizeof(*places); i++)
			if ((restricted && places[i].system) == (pass == 0 && restricted) &&
				try_place(out, &places[i], release, name))
				return true;
	return false;
}

/* The file; its name without ".ko" is what staprun expects to be the module's. */
static int find_file(
	struct stap_module *out, const char *wanted, const char *release, struct err *err)
{
	struct str name = str_of(wanted);

	if (strchr(wanted, '/')) {
		if (name.len >= sizeof(out->path))
			return err_set(err, ENOSYS, "-m %s: the name is too long", wanted);
		strcpy(out->path, wanted);
		return access(wanted, R_OK) ? err_sys(err, errno, "-m %s", wanted) : 0;
	}
	if (name.len > 3 && strcmp(wanted + name.len - 3, ".ko") == 0)
		name.len -= 3;
	if (look_up(out, release, name))
		return 0;
	return err_set(err, ENOSYS,
		"no SystemTap module %.*s.ko for this kernel, %s; \"make -C systemtap KERNEL=%s\" "
		"in "
		"the sources makes it, also on another host",
		(int)name.len, name.s, release, release);
}

/* staprun tells the kernel the file's name. */
static int check_name(struct stap_module *m, const char *inside, struct err *err)
{
	const char *slash = strrchr(m->path, '/'), *base = slash ? slash + 1 : m->path;
	size_t len = strlen(inside);

	strcpy(m->name, inside);
	if (strncmp(base, inside, len) == 0 && strcmp(base + len, ".ko") == 0)
		return 0;
	return err_set(err, ENOSYS, "%s: this is the module %s and must be called %s.ko", m->path,
		inside, inside);
}

int stap_module_find(struct stap_module *out, const struct options *o, struct err *err)
{
	const char *wanted = o->module ? o->module : o->pid ? "targetedioriot" : "ioriot";
	struct stap_modinfo info;
	struct utsname host;
	int rc;

	memset(out, 0, sizeof(*out));
	uname(&host);
	rc = find_file(out, wanted, host.release, err);
	if (rc)
		return rc;
	if (read_modinfo(&info, out->path, err)) {
		err_prefix(err, "%s", out->path);
		return -ENOSYS;
	}
	if (strcmp(info.release, host.release) != 0)
		return err_set(err, ENOSYS,
			"%s is for kernel %s, this one is %s; \"make -C systemtap KERNEL=%s\" in "
			"the "
			"sources makes one",
			out->path, info.release, host.release, host.release);
	out->has_signature = info.has_signature;
	return check_name(out, info.name, err);
}

/* --- whether this host takes it --- */

/* The first line of a file of /proc or /sys; "" when there is none. */
static const char *first_line(const char *path, char *buf, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? 0 : read(fd, buf, size - 1);

	if (fd >= 0)
		close(fd);
	buf[n > 0 ? n : 0] = '\0';
	buf[strcspn(buf, "\n")] = '\0';
	return buf;
}

static int check_kernel(struct err *err)
{
	char line[128];

	if (access("/proc/modules", F_OK))
		return err_set(err, ENOSYS,
			"this kernel cannot load modules (it was built without CONFIG_MODULES), "
			"which "
			"the stap backend needs");
	if (*first_line("/proc/sys/kernel/modules_disabled", line, sizeof(line)) == '1')
		return err_set(err, EPERM,
			"this host loads no more modules until it is started again "
			"(kernel.modules_disabled is 1)");
	return 0;
}

static int check_signature(const struct stap_module *m, struct err *err)
{
	char line[128];

	if (m->has_signature)
		return 0;
	first_line("/sys/kernel/security/lockdown", line, sizeof(line));
	if (strstr(line, "[integrity]") || strstr(line, "[confidentiality]"))
		return err_set(err, EPERM,
			"this kernel is locked down and loads signed modules only: sign %s with a "
			"key "
			"that it trusts",
			m->path);
	if (*first_line("/sys/module/module/parameters/sig_enforce", line, sizeof(line)) == 'Y')
		return err_set(err, EPERM,
			"this kernel loads signed modules only (module.sig_enforce): sign %s with "
			"a "
			"key that it trusts",
			m->path);
	return 0;
}

#define CAP_SYS_MODULE_BIT 16

static bool may_load(void)
{
	unsigned long long caps;
	char line[128];
	bool may = true;
	FILE *f = fopen("/proc/self/status", "re");

	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "CapEff: %llx", &caps) == 1)
			may = caps >> CAP_SYS_MODULE_BIT & 1;
	if (f)
		fclose(f);
	return may;
}

int stap_user_check(const struct stap_module *m, struct err *err)
{
	if (geteuid() == 0)
		return may_load() ? 0
				  : err_set(err, EPERM,
					    "root may not load modules here (CAP_SYS_MODULE is "
					    "missing: a container?)");
	if (!in_group("stapusr"))
		return err_set(err, EPERM,
			"the stap backend needs root, or a member of the group stapusr");
	if (m && !m->system && is_restricted())
		return err_set(err, EPERM,
			"%s: members of stapusr that are not in stapdev may load modules of "
			"/lib/modules/RELEASE/systemtap only",
			m->path);
	return 0;
}

int stap_host_check(const struct stap_module *module, struct err *err)
{
	int rc = check_kernel(err);

	if (!rc)
		rc = stap_user_check(module, err);
	if (!rc && module)
		rc = check_signature(module, err);
	return rc;
}
