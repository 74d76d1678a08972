/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
#ifndef IORIOT_CAPTURE_BPF_FACTS_H
#define IORIOT_CAPTURE_BPF_FACTS_H

#include "build.h"
#include "narrow.h"

/* Inodes, open files and directories, as records tell them. All that the kernel has is only read. */

#define AT_FDCWD -100

#define FMODE_CREATED 0x100000

static __always_inline void facts_as(struct wire_facts *f, struct inode *of, const bool cast)
{
	struct inode *inode = SEEN(cast, of);
	u32 dev = SEE(cast, SEE(cast, inode, i_sb), s_dev);

	f->dev_major = dev >> 20;
	f->dev_minor = dev & 0xfffff;
	f->ino = SEE(cast, inode, i_ino);
	f->mode = SEE(cast, inode, i_mode);
	f->nlink = SEE(cast, inode, i_nlink);
	f->uid = SEE(cast, inode, i_uid.val);
	f->gid = SEE(cast, inode, i_gid.val);
	f->size = SEE(cast, inode, i_size);
	f->blocks = SEE(cast, inode, i_blocks);
	f->super = 1;
	f->pad = 0;
}

static __always_inline void facts_of(struct wire_facts *f, struct inode *inode)
{
	if (has_cast)
		facts_as(f, inode, true);
	else
		facts_as(f, inode, false);
}

static __always_inline void item_facts(struct build *b, u32 type, struct inode *inode)
{
	facts_of((struct wire_facts *)item_begin(b, sizeof(struct wire_facts)), inode);
	item_end(b, type, sizeof(struct wire_facts));
}

/* Where a table has the file of a descriptor of TASK, the current one. */
static __always_inline struct hlist_head *file_place_of(struct task_struct *task, u32 fd)
{
	struct files_struct *files = AT(task, files);
	struct fdtable *table;

	if (!files)
		return NULL;
	table = AT(files, fdt);
	if (!table || fd >= AT(table, max_fds))
		return NULL;
	return (struct hlist_head *)(AT(table, fd) + fd); /* any struct of the kernel that begins with a pointer */
}

static __always_inline struct hlist_head *file_place(u32 fd)
{
	struct task_struct *task = current_task();

	return file_place_of(READ_ONLY(task), fd);
}

/* The file itself, NULL: there is none. */
static __always_inline struct file *file_of(u32 fd)
{
	struct hlist_head *place = file_place(fd);

	return place ? GET(place, first) : NULL;
}

/* The same, at less cost. */
static __always_inline struct file *file_for(u64 *scratch, u32 fd)
{
	struct hlist_head *place = file_place(fd);

	return place ? (struct file *)number_by(scratch, LOOK(place, first)) : NULL;
}

/* --- files that are watched --- */

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, BPF_FILES);
	__type(key, struct bpf_file);
	__type(value, u8);
} watched SEC(".maps");

/* False: it is about another file than those that are asked for. */
static __always_inline bool file_wanted(struct inode *inode)
{
	struct super_block *sb;
	struct bpf_file file;

	if (likely(!session.by_file))
		return true;
	if (!inode)
		return false;
	sb = GET(inode, i_sb);
	file = (struct bpf_file){.dev = GET(sb, s_dev), .ino = GET(inode, i_ino)};
	return bpf_map_lookup_elem(&watched, &file);
}

/* Numbers of identities; those who read them must not learn addresses. */
static __always_inline u64 hidden_id(const void *what)
{
	u64 id = ((u64)what + session.secret) * 0x9e3779b97f4a7c15ull;

	return id ^ id >> 29;
}

/* --- what stat(2) gave --- */

static __always_inline u32 device_major(u64 dev)
{
	return (dev >> 8) & 0xfff;
}

static __always_inline u32 device_minor(u64 dev)
{
	return (dev & 0xff) | ((dev >> 12) & 0xfff00);
}

/* linux/stat.h */
struct user_statx {
	u32 mask, block_size;
	u64 attributes;
	u32 nlink, uid, gid;
	u16 mode, pad;
	u64 ino, size, blocks, attributes_mask;
	u64 times[8];
	u32 rdev_major, rdev_minor, dev_major, dev_minor;
};

#define STATX_BASIC_STATS 0x7ffu

/* struct stat64 of 32-bit x86. */
struct narrow_stat {
	u64 dev;
	u32 pad, short_ino;
	u32 mode, nlink, uid, gid;
	u64 rdev;
	u32 pad2;
	s64 size;
	u32 block_size;
	s64 blocks;
	u32 times[6];
	u64 ino;
} __attribute__((packed));

/* The members have the same names in both structs, but for the device. */
#define PUT_FACTS_OF_STAT(b, st, major, minor)                                                     \
	({                                                                                         \
		struct wire_facts *facts_ = (struct wire_facts *)item_begin(b, sizeof(*facts_));   \
                                                                                                   \
		*facts_ = (struct wire_facts){                                                     \
			.dev_major = (major),                                                      \
			.dev_minor = (minor),                                                      \
			.ino = (st)->ino,                                                          \
			.mode = (st)->mode,                                                        \
			.nlink = (st)->nlink,                                                      \
			.uid = (st)->uid,                                                          \
			.gid = (st)->gid,                                                          \
			.size = (st)->size,                                                        \
			.blocks = (st)->blocks,                                                    \
		};                                                                                 \
		item_end(b, WIRE_FACTS, sizeof(*facts_));                                          \
	})

/* Only stat64, lstat64, fstat64 and fstatat64: the older ones do not tell all. */
APART int item_facts_of_narrow_stat(BUILD_ARG, u64 address)
{
	TAKE_BUILD;
	struct bpf_call *c = call_here();
	struct narrow_stat *st;

	if (!b || !c || (c->narrow != 195 && c->narrow != 196 && c->narrow != 197 && c->narrow != 300))
		return 0;
	st = (struct narrow_stat *)b->name;
	if (bpf_probe_read_user(st, sizeof(*st), (const void *)address))
		return -1;
	PUT_FACTS_OF_STAT(b, st, device_major(st->dev), device_minor(st->dev));
	return 0;
}

APART int item_facts_of_stat(BUILD_ARG, u64 address)
{
	TAKE_BUILD;
	struct bpf_call *c = call_here();

	if (!b)
		return 0;
	if (c && c->narrow)
		return item_facts_of_narrow_stat(GIVE(b), address);
	return item_copy(GIVE(b), address, sizeof(struct wire_stat), WIRE_STAT);
}

APART int item_facts_of_statx(BUILD_ARG, u64 address)
{
	TAKE_BUILD;
	struct user_statx *st;

	if (!b)
		return 0;
	st = (struct user_statx *)b->name;
	if (bpf_probe_read_user(st, sizeof(*st), (const void *)address) ||
		(st->mask & STATX_BASIC_STATS) != STATX_BASIC_STATS)
		return -1;
	PUT_FACTS_OF_STAT(b, st, st->dev_major, st->dev_minor);
	return 0;
}

/* --- names --- */

/* How the names of a process relate to those of whoever started the session. */
static __always_inline u32 names_flags_of(struct task_struct *task)
{
	struct fs_struct *fs = AT(task, fs);
	struct nsproxy *proxy = AT(task, nsproxy);
	u32 flags = 0;

	if (!fs || !proxy)
		return 0;
	if ((u64)AT(proxy, mnt_ns) != session.mounts)
		flags = WIRE_FOREIGN;
	if ((u64)AT(fs, root.dentry) != session.root_dentry || (!flags && (u64)AT(fs, root.mnt) != session.root_mnt))
		flags |= WIRE_CHROOTED;
	return flags;
}

static __always_inline u32 names_flags(void)
{
	struct task_struct *task = current_task();

	return names_flags_of(READ_ONLY(task));
}

#define CLIMB_END  PATH_MOST
#define CLIMB_MOST 2048 /* the longest path has that many names */

/* One name, or a mount to step over. 1: the walk is over. */
STEP(climb_step)
{
	struct build *b = build_here();
	struct climb *c = b ? &b->climb : NULL;
	struct dentry *dentry, *parent;
	struct mount *mount;
	u32 len, from;

	if (!c)
		return 1;
	dentry = c->dentry;
	if (!dentry)
		return 1;
	if (dentry == c->root && c->mnt == c->root_mnt) {
		c->done = 1;
		return 1;
	}
	parent = GET(dentry, d_parent);
	if (dentry == GET(c->mnt, mnt_root)) {
		struct mount *above;

		mount = (struct mount *)((char *)c->mnt - bpf_core_field_offset(struct mount, mnt));
		above = GET(mount, mnt_parent);
		if (above == mount) { /* outside of the root */
			c->done = 1;
			return 1;
		}
		c->dentry = GET(mount, mnt_mountpoint);
		c->mnt = (struct vfsmount *)((char *)above + bpf_core_field_offset(struct mount, mnt));
		return 0;
	}
	if (dentry == parent) /* a file in memory, which no directory has */
		c->done = c->pseudo = 1;
	len = GET(dentry, d_name.len);
	from = c->from;
	if (len > 255 || from < len + 1 || from > PATH_MOST)
		return 1; /* too long for any path */
	from -= len;
	bpf_probe_read_kernel(b->name + (from & (2 * PATH_MOST - 1)), len & 255, GET(dentry, d_name.name));
	from--;
	b->name[from & (2 * PATH_MOST - 1)] = '/';
	c->from = from;
	c->dentry = parent;
	return c->done ? 1 : 0;
}

#define PIPE_MAGIC   0x50495045
#define SOCKET_MAGIC 0x534f434b
#define ANON_MAGIC   0x09041934
#define PIDFS_MAGIC  0x50494446
#define NSFS_MAGIC   0x6e736673

/* Not static: the loader places those by their names. */
const char text_pipe[] = "pipe:[%lu]", text_socket[] = "socket:[%lu]", text_ns[] = "ns:[%lu]";
const char text_anon[] = "anon_inode:", text_pidfd[] = "anon_inode:[pidfd]", text_deleted[] = " (deleted)";

#ifdef IORIOT_OLD
/* "NAME:[NUMBER]" behind the AT bytes "NAME:[" of TO; bytes with the NUL, as bpf_snprintf() counts them. */
static __always_inline long put_number(char *to, u32 at, u64 number)
{
	u64 rest = number;
	u32 digits = 1, i;

	for (i = 0; i < 19 && rest >= 10; i++) {
		rest /= 10;
		digits++;
	}
	for (i = 0; i < 20 && i < digits; i++) {
		to[(at + digits - 1 - i) & 63] = '0' + number % 10;
		number /= 10;
	}
	to[(at + digits) & 63] = ']';
	return at + digits + 2;
}

#define PUT_NAMED(to, text, ino)                                                                   \
	({                                                                                         \
		__builtin_memcpy(to, text, sizeof(text) - sizeof("%lu]"));                         \
		put_number(to, sizeof(text) - sizeof("%lu]"), ino[0]);                             \
	})
#else
#define PUT_NAMED(to, text, ino) bpf_snprintf(to, 64, text, ino, sizeof(ino))
#endif

/* What the kernel calls a file that has no name: as /proc/PID/fd/N shows it. Bytes, 0: it has one. */
static __always_inline u32 nameless(char *to, struct dentry *dentry)
{
	struct inode *inode = GET(dentry, d_inode);
	struct super_block *sb = GET(inode, i_sb);
	u64 magic = GET(sb, s_magic);
	unsigned long long ino[1] = {GET(inode, i_ino)};
	long n = 0;

	switch (magic) {
	case PIPE_MAGIC:
		n = PUT_NAMED(to, text_pipe, ino);
		break;
	case SOCKET_MAGIC:
		n = PUT_NAMED(to, text_socket, ino);
		break;
	case NSFS_MAGIC:
		n = PUT_NAMED(to, text_ns, ino);
		break;
	case PIDFS_MAGIC:
		__builtin_memcpy(to, text_pidfd, sizeof(text_pidfd) - 1);
		return sizeof(text_pidfd) - 1;
	case ANON_MAGIC:
		__builtin_memcpy(to, text_anon, sizeof(text_anon) - 1);
		n = bpf_probe_read_kernel_str(to + sizeof(text_anon) - 1, 64, GET(dentry, d_name.name));
		n = n > 0 ? n + sizeof(text_anon) - 1 : 0;
		break;
	}
	return n > 1 && n <= 128 ? n - 1 : 0;
}

/* Newer kernels give files without a name a type, which stat(2) does not tell. */
static __always_inline bool has_no_type(struct inode *inode)
{
	u64 magic = GET(GET(inode, i_sb), s_magic);

	return magic == ANON_MAGIC || magic == PIDFS_MAGIC;
}

#define ANON_NAME 16

/* Whether it is one of those without a name that the kernel calls TEXT, of ANON_NAME bytes with its zeroes. */
static __always_inline bool is_anonymous(struct file *file, const char *text)
{
	struct inode *inode = GET(file, f_inode);
	struct super_block *sb = GET(inode, i_sb);
	char name[ANON_NAME] = "";
	u32 i;

	if (GET(sb, s_magic) != ANON_MAGIC)
		return false;
	bpf_probe_read_kernel_str(name, sizeof(name), GET(GET(file, f_path.dentry), d_name.name));
#pragma unroll
	for (i = 0; i < ANON_NAME; i++)
		if (name[i] != text[i])
			return false;
	return true;
}

#define DELETED (sizeof(text_deleted) - 1)

/* The name of what is at a place, at most PATH_MOST bytes to TO, which lies in B; how many. */
APART int put_path(BUILD_ARG, u64 mnt, u64 dentry_at, u32 skip)
{
	TAKE_BUILD;
	struct task_struct *task = current_task();
	struct dentry *dentry = (struct dentry *)dentry_at;
	struct fs_struct *fs = AT(READ_ONLY(task), fs);
	u32 len, from, at, pseudo;
	struct build *here;
	char *to;

	if (!b || !fs || skip > 16)
		return 0;
	at = (b->at & ITEMS_MASK) + sizeof(struct wire_item) + skip;
	to = b->items + at;
	len = nameless(to, dentry);
	if (len)
		return len;
	here = build_here();
	if (!here)
		return 0;
	here->climb = (struct climb){.dentry = dentry,
		.mnt = (struct vfsmount *)mnt,
		.root = AT(fs, root.dentry),
		.root_mnt = AT(fs, root.mnt),
		.from = CLIMB_END};
	LOOP(CLIMB_MOST, climb_step);
	if (!here->climb.done)
		return 0;
	pseudo = here->climb.pseudo;
	from = here->climb.from;
	if (from == CLIMB_END) {
		*to = '/';
		return 1;
	}
	if (from > CLIMB_END)
		return 0;
	len = CLIMB_END - from;
	keep(len);
	if (len > PATH_MOST)
		return 0;
	if (bpf_probe_read_kernel(to, len, b->name + (from & (2 * PATH_MOST - 1))))
		return 0;
	if (!GET(dentry, d_hash.pprev) && (pseudo || GET(dentry, d_parent) != dentry) &&
		len < PATH_MOST - DELETED) {
		at = len & NAME_MASK;
		__builtin_memcpy(to + at, text_deleted, DELETED);
		len += DELETED;
	}
	return len;
}

/* --- directories --- */

/*
 * NUMBER is that of the pointer OF. One and the same directory has another identity for those who see it by another
 * name.
 */
static __always_inline u64 dir_id_as(struct task_struct *task, struct inode *of, u64 number, u32 flags, const bool cast)
{
	const u64 mix = 0x9e3779b97f4a7c15ull;
	struct inode *inode = SEEN(cast, of);
	u64 dev = SEE(cast, SEE(cast, inode, i_sb), s_dev), id = (number ^ session.secret) * mix;

	id = (id ^ (id >> 29) ^ SEE(cast, inode, i_ino)) * mix;
	id = (id ^ (id >> 32) ^ SEE(cast, inode, i_generation) ^ dev << 32) * mix;
	if (unlikely(flags))
		id = (id ^ (u64)GET(GET(task, fs), root.dentry) ^ (u64)GET(GET(task, nsproxy), mnt_ns) << 8) * mix;
	id ^= id >> 31;
	return id ? id : 1;
}

static __always_inline u64 dir_id(u64 *scratch, struct inode *inode, u32 flags)
{
	u64 number = number_by(scratch, inode);

	return has_cast ? dir_id_as(current_task(), inode, number, flags, true)
			: dir_id_as(current_task(), inode, number, flags, false);
}

/* Beside the type of its item: */
#define DIR_NAMED (1u << 16) /* its name is told, whether it is known or not */
#define DIR_APART (1u << 17) /* the same, but others must not rely on it: the record is used later */

APART int item_dir(BUILD_ARG, u64 mnt, u64 dentry, u32 type)
{
	TAKE_BUILD;
	struct inode *inode = LOOK((struct dentry *)dentry, d_inode);
	struct wire_dir *dir;
	int len = 0;
	u64 id, t;

	if (!b || !inode)
		return 0;
	dir = (struct wire_dir *)item_begin(b, sizeof(*dir) + PATH_MOST);
	id = dir_id(&b->scratch, inode, b->rec.flags & (WIRE_CHROOTED | WIRE_FOREIGN));
	t = b->rec.t;
	dir->id = id;
	if (type & (DIR_NAMED | DIR_APART) || !dir_is_told(id, t)) {
		len = put_path(GIVE(b), mnt, dentry, sizeof(*dir));
		if (len <= 0 || len > PATH_MOST)
			len = 0;
		else if (!(type & DIR_APART))
			dir_tells(b, id);
	}
	item_end(b, type & 0xffff, sizeof(*dir) + len);
	return 0;
}

static __always_inline void item_cwd(struct build *b, u32 type)
{
	struct task_struct *task = current_task();
	struct fs_struct *fs = AT(READ_ONLY(task), fs);

	if (fs)
		item_dir(GIVE(b), number_by(&b->scratch, AT(fs, pwd.mnt)), number_by(&b->scratch, AT(fs, pwd.dentry)),
			type);
}

static __always_inline void item_base(struct build *b, u32 type, int dirfd)
{
	struct file *file;

	if (dirfd == AT_FDCWD) {
		item_cwd(b, type);
		return;
	}
	file = file_for(&b->scratch, dirfd);
	if (file)
		item_dir(GIVE(b), number_by(&b->scratch, LOOK(file, f_path.mnt)),
			number_by(&b->scratch, LOOK(file, f_path.dentry)), type);
}

#endif
