/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/ucontext.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/user.h>

#include "capture/args.h"
#include "capture/compat.h"
#include "capture/facts.h"
#include "capture/footprint.h"
#include "capture/ptrace.h"
#include "ops/ioctl.h"
#include "ops/xattr.h"

#define PAGE 4096 /* the smallest: a read that ends there never fails for the next page's sake */

static ssize_t read_some(pid_t tid, uint64_t addr, void *to, size_t len)
{
	struct iovec local = {to, len}, remote = {(void *)(uintptr_t)addr, len};
	ssize_t got = process_vm_readv(tid, &local, 1, &remote, 1, 0);

	return got < 0 ? -errno : got;
}

int fetch_memory(pid_t tid, uint64_t addr, void *to, size_t len)
{
	ssize_t got = read_some(tid, addr, to, len);

	if (got < 0)
		return (int)got;
	return (size_t)got == len ? 0 : -EFAULT;
}

/* As getname() of the kernel: at most PATH_MAX bytes; without a NUL the call gives ENAMETOOLONG. */
int fetch_path(pid_t tid, uint64_t addr, char *to, struct str *out)
{
	size_t done = 0, want = 256;

	while (done < PATH_MAX) {
		size_t page_left = PAGE - ((addr + done) & (PAGE - 1));
		ssize_t got;
		char *end;

		if (want > page_left)
			want = page_left;
		if (want > PATH_MAX - done)
			want = PATH_MAX - done;
		got = read_some(tid, addr + done, to + done, want);
		if (got <= 0)
			return got ? (int)got : -EFAULT;
		end = memchr(to + done, '\0', (size_t)got);
		done += (size_t)got;
		if (end) {
			*out = (struct str){to, (size_t)(end - to)};
			return 0;
		}
		want = PAGE;
	}
	*out = (struct str){to, PATH_MAX};
	return 0;
}

/* Room for N more numbers behind those in the call's vector, and one when there are none; or NULL. */
static uint64_t *vec_room(struct call *call, size_t n)
{
	size_t need = call->vec.n + n + 1;

	if (need > call->vec.cap && !vec_grow((void **)&call->vec.v, &call->vec.cap, need,
					    sizeof(*call->vec.v)))
		return NULL;
	return call->vec.v + call->vec.n;
}

int fetch_iov(pid_t tid, uint64_t addr, uint64_t n, bool narrow, uint64_t *lengths)
{
	union {
		struct iovec iov[64];
		struct compat_iovec narrow[64];
	} there;
	size_t size = narrow ? sizeof(*there.narrow) : sizeof(*there.iov);
	uint64_t i, k;
	int rc;

	for (i = 0; i < n; i += k) {
		uint64_t part = n - i < 64 ? n - i : 64;

		rc = fetch_memory(tid, addr + i * size, &there, part * size);
		if (rc)
			return rc;
		for (k = 0; k < part; k++)
			lengths[i + k] = narrow ? there.narrow[k].len : there.iov[k].iov_len;
	}
	return 0;
}

static int read_iov(pid_t tid, struct call *call, uint64_t addr)
{
	int index = op_arg_index(call->rec.op, A_IOVCNT), rc = 0;
	uint64_t n = index < 0 ? 0 : call->rec.arg[index];

	if (n > ARGS_IOV_MAX)
		n = ARGS_IOV_MAX;
	call->vec.n = 0;
	if (!vec_room(call, n))
		return -ENOMEM;
	if (n == ARGS_IOV_MAX) /* refused for its length: nobody has looked at what is in it */
		memset(call->vec.v, 0, n * sizeof(*call->vec.v));
	else
		rc = fetch_iov(tid, addr, n, call->how & COMPAT_IOV, call->vec.v);
	if (rc)
		return rc;
	call->rec.vec = call->vec.v;
	call->rec.nvec = (uint32_t)n;
	return 0;
}

void fetch_lock_base(pid_t tid, struct call *call)
{
	struct rec *rec = &call->rec;
	uint64_t base = UINT64_MAX, flags;

	if (!footprint_waits_from(rec))
		return;
	rec->nvec = 0;
	if (rec->arg[3] == SEEK_CUR) {
		facts_of_description(tid, (int)rec->arg[0], &base, &flags);
	} else {
		struct facts facts = facts_of_fd(tid, (int)rec->arg[0]);

		base = facts.known ? facts.size : base;
	}
	call->vec.n = 0;
	if (base > INT64_MAX || !vec_room(call, 1))
		return;
	call->vec.v[0] = base;
	rec->vec = call->vec.v;
	rec->nvec = 1;
}

/* ---- Linux AIO ---- */

/* A new tuple of N numbers, all 0, in the call's vector; NULL when there are too many, or no memory. */
static uint64_t *add_tuple(struct call *call, size_t n)
{
	uint64_t *to = call->vec.n + n <= REC_TUPLES_MAX ? vec_room(call, n) : NULL;

	if (!to)
		return NULL;
	memset(to, 0, n * sizeof(*to));
	call->vec.n += n;
	return to;
}

/* The lengths of a vectored iocb's segments. How many were read; none of a vector that is bad. */
static uint64_t add_segments(pid_t tid, struct call *call, const struct iocb *iocb)
{
	uint64_t n = iocb->aio_nbytes < ARGS_IOV_MAX ? iocb->aio_nbytes : ARGS_IOV_MAX, i;
	size_t start = call->vec.n;
	uint64_t lengths[ARGS_IOV_MAX];

	if (fetch_iov(tid, iocb->aio_buf, n, call->how & COMPAT_AIO, lengths))
		return 0;
	for (i = 0; i < n; i++) {
		uint64_t *to = add_tuple(call, AIOCB_NUMBERS);

		if (!to) {
			call->vec.n = start;
			return 0;
		}
		to[0] = lengths[i];
	}
	return n;
}

static bool add_iocb(pid_t tid, struct call *call, uint64_t address, const struct iocb *iocb)
{
	uint64_t *to = add_tuple(call, AIOCB_NUMBERS), segments;
	size_t at = call->vec.n - AIOCB_NUMBERS;

	if (!to)
		return false;
	if (!iocb)
		return true;
	args_iocb(to, address, iocb);
	if (iocb->aio_lio_opcode != IOCB_CMD_PREADV && iocb->aio_lio_opcode != IOCB_CMD_PWRITEV)
		return true;
	segments = add_segments(tid, call, iocb);
	call->vec.v[at + AIOCB_SEGMENTS] = segments;
	return true;
}

#define IOCBS_PART 64

/* As many of the N iocbs as the kernel could read: it stops at the first that it cannot. */
static uint64_t read_part(pid_t tid, const uint64_t *address, struct iocb *iocb, uint64_t n)
{
	struct iovec local = {iocb, n * sizeof(*iocb)}, remote[IOCBS_PART];
	ssize_t got;
	uint64_t i;

	for (i = 0; i < n; i++)
		remote[i] = (struct iovec){(void *)(uintptr_t)address[i], sizeof(*iocb)};
	got = process_vm_readv(tid, &local, 1, remote, n, 0);
	return got < 0 ? 0 : (uint64_t)got / sizeof(*iocb);
}

static int read_pointers(pid_t tid, uint64_t addr, uint64_t n, bool narrow, uint64_t *to)
{
	uint32_t half[IOCBS_PART];
	uint64_t i;
	int rc;

	if (!narrow)
		return fetch_memory(tid, addr, to, n * sizeof(*to));
	rc = fetch_memory(tid, addr, half, n * sizeof(*half));
	for (i = 0; i < n && !rc; i++)
		to[i] = half[i];
	return rc;
}

static int read_iocbs(pid_t tid, struct call *call, int slot)
{
	uint64_t pointers = call->rec.arg[slot], address[IOCBS_PART], i, k, part, whole;
	int64_t nr = (int64_t)call->rec.arg[op_arg_index(call->rec.op, A_NR)];
	uint64_t n = nr < 0 ? 0 : nr < ARGS_IOCBS_MAX ? (uint64_t)nr : ARGS_IOCBS_MAX;
	struct iocb iocb[IOCBS_PART];
	bool fine = true, narrow = call->how & COMPAT_AIO;

	call->vec.n = 0;
	if (!vec_room(call, 0))
		return -ENOMEM;
	for (i = 0; i < n && fine; i += part) {
		part = n - i < IOCBS_PART ? n - i : IOCBS_PART;
		while (part && read_pointers(tid, pointers + i * (narrow ? 4 : 8), part, narrow, address))
			part--;
		whole = read_part(tid, address, iocb, part);
		for (k = 0; k < whole && fine; k++)
			fine = add_iocb(tid, call, address[k], &iocb[k]);
		if (whole == part && part)
			continue;
		if (fine) /* this one cannot be read */
			add_iocb(tid, call, 0, NULL);
		break;
	}
	call->rec.vec = call->vec.v;
	call->rec.nvec = (uint32_t)call->vec.n;
	return 0;
}

static int read_file_attr(pid_t tid, struct call *call, int slot)
{
	char bytes[ARGS_FATTR];
	uint64_t *to;
	int rc = fetch_memory(tid, call->rec.arg[slot], bytes, sizeof(bytes));

	if (rc)
		return rc;
	call->vec.n = 0;
	to = add_tuple(call, 4);
	if (!to)
		return -ENOMEM;
	args_file_attr(to, bytes);
	call->rec.vec = call->vec.v;
	call->rec.nvec = (uint32_t)call->vec.n;
	return 0;
}

static void read_events(pid_t tid, struct call *call, int slot)
{
	struct io_event event[64];
	int64_t n = call->rec.ret < ARGS_IOCBS_MAX ? call->rec.ret : ARGS_IOCBS_MAX, i, k, part;
	uint64_t *to;

	call->vec.n = 0;
	call->rec.vec = vec_room(call, 0);
	for (i = 0; i < n && call->rec.vec; i += part) {
		part = n - i < 64 ? n - i : 64;
		if (fetch_memory(tid, call->rec.arg[slot] + (uint64_t)i * sizeof(*event), event,
			    (size_t)part * sizeof(*event)))
			break;
		for (k = 0; k < part; k++) {
			to = add_tuple(call, AIOEV_NUMBERS);
			if (!to)
				break;
			to[AIOEV_ID] = event[k].obj;
			to[AIOEV_RES] = (uint64_t)event[k].res;
			to[AIOEV_RES2] = (uint64_t)event[k].res2;
		}
		call->rec.vec = call->vec.v;
		call->rec.nvec = (uint32_t)call->vec.n;
	}
}

static void read_context(pid_t tid, uint64_t *arg, bool narrow)
{
	uint64_t context = 0;

	fetch_memory(tid, *arg, &context, narrow ? sizeof(uint32_t) : sizeof(context));
	*arg = context;
}

static void read_aio_results(pid_t tid, struct call *call)
{
	struct rec *rec = &call->rec;
	int i;

	for (i = 0; i < OP_ARGS; i++) {
		if (ops[rec->op].arg[i] == A_EVENTS)
			read_events(tid, call, i);
		else if (ops[rec->op].arg[i] == A_CTXP)
			read_context(tid, &rec->arg[i], call->how & COMPAT_AIO);
	}
}

static int read_timeout(pid_t tid, uint64_t *arg, bool narrow)
{
	struct compat_time half = {0};
	struct timespec time = {0};
	int rc = 0;

	if (*arg && narrow) {
		rc = fetch_memory(tid, *arg, &half, sizeof(half));
		time = (struct timespec){half.sec, half.nsec};
	} else if (*arg) {
		rc = fetch_memory(tid, *arg, &time, sizeof(time));
	}
	*arg = rc ? OFFPTR_BAD : args_timeout(*arg ? &time : NULL);
	return rc;
}

static int read_how(pid_t tid, struct call *call, int slot)
{
	struct open_how how = {0};
	uint64_t size = call->rec.arg[op_arg_index(call->rec.op, A_HOWSIZE)];
	int rc = fetch_memory(
		tid, call->rec.arg[slot], &how, size < sizeof(how) ? size : sizeof(how));

	args_set_how(&call->rec, slot, &how);
	return rc;
}

static int read_handle(pid_t tid, struct call *call)
{
	uint32_t n = 0;
	int rc = fetch_memory(tid, call->pointer, &n, sizeof(n));

	args_set_handle(&call->rec, NULL, 0);
	if (rc || n > ARGS_HANDLE_MAX - sizeof(n))
		return rc;
	rc = fetch_memory(tid, call->pointer + sizeof(n), call->path2, sizeof(n) + n);
	if (!rc)
		args_set_handle(&call->rec, call->path2, sizeof(n) + n);
	return rc;
}

static int read_struct(pid_t tid, struct call *call, int slot)
{
	char bytes[ARGS_STRUCT];
	int rc = fetch_memory(tid, call->rec.arg[slot], bytes, sizeof(bytes));

	args_set_struct(&call->rec, slot, rc ? NULL : bytes);
	if (!rc)
		memcpy(&call->pointer, bytes, sizeof(call->pointer)); /* of struct xattr_args: the value */
	return rc;
}

static int read_clone_args(pid_t tid, struct call *call, int slot)
{
	uint64_t flags = 0; /* first member of struct clone_args */
	int rc = fetch_memory(tid, call->rec.arg[slot], &flags, sizeof(flags));

	call->rec.arg[slot] = flags;
	return rc;
}

/* What a get finds is for the kernel to say. */
static int read_hint(pid_t tid, struct call *call, int slot)
{
	uint64_t pointer = call->rec.arg[slot], cmd = call->rec.arg[slot - 1];

	call->rec.arg[slot] = 0;
	if (cmd != F_SET_RW_HINT && cmd != F_SET_FILE_RW_HINT)
		return 0;
	return fetch_memory(tid, pointer, &call->rec.arg[slot], sizeof(uint64_t));
}

static int read_compat_lock(pid_t tid, struct call *call, int slot)
{
	char bytes[COMPAT_FLOCK_MAX];
	struct flock lock = {0};
	int wide, rc;

	if (args_is_hint(call->rec.arg[slot - 1]))
		return read_hint(tid, call, slot);
	call->rec.arg[slot - 1] = compat_lock_command(call->rec.arg[slot - 1], &wide);
	if (!rec_fcntl_is_lock(call->rec.arg[slot - 1]))
		return 0;
	rc = fetch_memory(tid, call->rec.arg[slot], bytes, compat_flock_size(wide));
	if (!rc)
		compat_flock(&lock, bytes, wide);
	args_set_lock(&call->rec, &lock);
	return rc;
}

static int read_fcntl_arg(pid_t tid, struct call *call, int slot)
{
	struct flock lock = {0};
	int rc;

	if (call->how & COMPAT_FLOCK32)
		return read_compat_lock(tid, call, slot);

	if (args_is_hint(call->rec.arg[slot - 1]))
		return read_hint(tid, call, slot);
	if (!rec_fcntl_is_lock(call->rec.arg[slot - 1]))
		return 0;
	rc = fetch_memory(tid, call->rec.arg[slot], &lock, sizeof(lock));
	args_set_lock(&call->rec, &lock);
	return rc;
}

static int read_ioctl(pid_t tid, struct call *call)
{
	uint64_t head[IOCTL_DEDUPE_HEAD / 8], bytes[(IOCTL_BYTES_MAX + 7) / 8];
	size_t size = args_ioctl_size(&call->rec, NULL);
	uint64_t *vec = NULL;
	int rc = 0;

	if (rec_ioctl_has_dests(call->rec.arg[1])) {
		call->vec.n = 0;
		vec = vec_room(call, IOCTL_DEDUPE_MAX * REC_DEST);
		rc = vec ? fetch_memory(tid, call->pointer, head, sizeof(head)) : -ENOMEM;
		if (!rc)
			size = args_ioctl_size(&call->rec, head);
	}
	if (!rc && size)
		rc = fetch_memory(tid, call->pointer, bytes, size);
	args_set_ioctl(&call->rec, vec, bytes, rc ? 0 : size);
	return rc;
}

/* Two times of 32 bits each become those of a 64-bit program. */
static int read_compat_times(pid_t tid, struct call *call, enum arg_kind kind, uint64_t addr)
{
	struct compat_time two[2] = {{0}};
	int64_t wide[4];
	int rc = fetch_memory(tid, addr, two, kind == A_UTIMBUF ? sizeof(*two) : sizeof(two));

	wide[0] = two[0].sec;
	wide[1] = two[0].nsec; /* of utime(2) the second time */
	wide[2] = two[1].sec;
	wide[3] = two[1].nsec;
	args_set_times(&call->rec, kind, wide);
	return rc;
}

static int read_times(pid_t tid, struct call *call, enum arg_kind kind, uint64_t addr)
{
	char bytes[ARGS_TIMES_MAX] = {0};
	int rc;

	if (addr && call->how & COMPAT_TIME32)
		return read_compat_times(tid, call, kind, addr);
	rc = addr ? fetch_memory(tid, addr, bytes, args_times_size(kind)) : 0;
	args_set_times(&call->rec, kind, addr ? bytes : NULL);
	return rc;
}

/* The offset before the call, which moves it. */
static int read_offset(pid_t tid, uint64_t *arg, bool narrow)
{
	int64_t offset = 0;
	int rc;

	if (*arg == 0) {
		*arg = OFFPTR_NULL;
		return 0;
	}
	rc = fetch_memory(tid, *arg, &offset, narrow ? sizeof(int32_t) : sizeof(offset));
	if (narrow)
		offset = (int32_t)offset;
	*arg = rc ? OFFPTR_BAD : args_offset(offset);
	return rc;
}

/* The path in a struct sockaddr_un; none where the address is not a name in a file system. */
static int read_address(pid_t tid, struct call *call, uint64_t addr)
{
	struct sockaddr_un sa = {0};
	uint32_t len = (uint32_t)call->rec.arg[op_arg_index(call->rec.op, A_ADDRLEN)];
	int rc;

	if (len <= offsetof(struct sockaddr_un, sun_path) || len > sizeof(sa))
		return 0;
	rc = fetch_memory(tid, addr, &sa, len);
	if (rc || sa.sun_family != AF_UNIX || !sa.sun_path[0])
		return rc;
	call->rec.path.s = call->path;
	call->rec.path.len = strnlen(sa.sun_path, len - offsetof(struct sockaddr_un, sun_path));
	memcpy(call->path, sa.sun_path, call->rec.path.len);
	return 0;
}

static int fetch_one(pid_t tid, struct call *call, int slot)
{
	enum arg_kind kind = ops[call->rec.op].arg[slot];
	uint64_t value = call->rec.arg[slot];

	switch (arg_infos[kind].form) {
	case FORM_PATH:
		if (op_has(call->rec.op, A_ADDRLEN))
			return read_address(tid, call, value);
		return fetch_path(tid, value, call->path, &call->rec.path);
	case FORM_PATH2:
		return fetch_path(tid, value, call->path2, &call->rec.path2);
	case FORM_IOV:
		return read_iov(tid, call, value);
	case FORM_TIMES:
		return read_times(tid, call, kind, value);
	case FORM_TUPLES:
		return kind == A_IOCBS ? read_iocbs(tid, call, slot)
		       : kind == A_FATTR ? read_file_attr(tid, call, slot) : 0;
	case FORM_OFFPTR:
		if (kind == A_TIMEOUT)
			return read_timeout(tid, &call->rec.arg[slot], call->how & COMPAT_TIME32);
		return read_offset(tid, &call->rec.arg[slot], call->how & COMPAT_OFF32);
	case FORM_FARG:
		return read_fcntl_arg(tid, call, slot);
	case FORM_BYTES:
		call->pointer = value;
		return kind == A_HANDLEIN ? read_handle(tid, call) : 0;
	case FORM_IARG:
		call->pointer = value;
		return read_ioctl(tid, call);
	default:
		if (kind == A_HOW)
			return read_how(tid, call, slot);
		if (kind == A_XARGS || kind == A_RANGE)
			return read_struct(tid, call, slot);
		if (kind == A_CLARGS)
			return read_clone_args(tid, call, slot);
		return 0;
	}
}

void fetch_list(pid_t tid, struct rec *rec, uint64_t value)
{
	uint64_t bytes = rec_arg(rec, A_LEN, rec_arg(rec, A_XARGS, 0));
	char list[WIRE_LIST_BYTES];

	if (bytes >= WIRE_LIST_BYTES && xattr_is_acl(rec->path2) &&
		!fetch_memory(tid, value, list, WIRE_LIST_HEAD) &&
		!fetch_memory(tid, value + bytes - WIRE_LIST_TAIL, list + WIRE_LIST_HEAD, WIRE_LIST_TAIL))
		rec->facts = facts_of_list(list);
}

int fetch_args(pid_t tid, struct call *call)
{
	struct rec *rec = &call->rec;
	int i, rc, denied = 0;

	for (i = 0; i < OP_ARGS; i++) {
		if (args_is_member(rec->op, i))
			continue; /* filled from struct open_how */
		rec->arg[i] = args_narrow(ops[rec->op].arg[i], rec->arg[i]);
		rc = fetch_one(tid, call, i);
		if (rc && rc != -EFAULT && rc != -ESRCH)
			denied = rc;
	}
	if (op_has(rec->op, A_XFLAGS))
		fetch_list(tid, rec, rec->arg[op_arg_index(rec->op, A_WBUF)]);
	else if (rec->op == OP_setxattrat)
		fetch_list(tid, rec, call->pointer);
	args_finish(rec);
	return denied;
}

void fetch_results(pid_t tid, struct call *call)
{
	struct rec *rec = &call->rec;
	int slot = op_arg_index(rec->op, A_FDS);
	int32_t fds[2];

	if (call->how & COMPAT_LLSEEK && rec->ret == 0) /* of _llseek it is behind a pointer */
		fetch_memory(tid, rec->arg[3], &rec->ret, sizeof(rec->ret));
	read_aio_results(tid, call);
	args_result(rec);
	if (op_has(rec->op, A_HANDLE) && rec->ret == 0)
		read_handle(tid, call);
	if (rec->op == OP_ioctl && rec_ioctl_has_dests(rec->arg[1]) && rec->ret == 0)
		read_ioctl(tid, call);
	if (slot < 0)
		return;
	if (rec->ret < 0 || fetch_memory(tid, rec->arg[slot], fds, sizeof(fds)))
		args_set_fds(rec, NULL);
	else
		args_set_fds(rec, fds);
}

bool fetch_last_result(pid_t tid, uint64_t nr, int64_t *result)
{
#if defined(__x86_64__)
	struct user_regs_struct regs;

	if (ptrace(PTRACE_GETREGS, tid, NULL, &regs) || regs.orig_rax != nr)
		return false;
	*result = (int64_t)regs.rax;
	return *result != -ENOSYS; /* that is there until the call has returned */
#else
	(void)tid, (void)nr, (void)result; /* the register holds an argument until then */
	return false;
#endif
}

/* Where the program counter is in struct rt_sigframe of the kernel's signal code. */
#if defined(__x86_64__)
#define FRAME_PC (sizeof(uint64_t) + offsetof(ucontext_t, uc_mcontext.gregs[REG_RIP]))
#elif defined(__aarch64__)
#define FRAME_PC (sizeof(siginfo_t) + offsetof(ucontext_t, uc_mcontext.pc))
#endif

#if defined(__x86_64__)
/*
 * Which of its two frames a handler in 32-bit code has (arch/x86/include/asm/sigframe.h) is told by its third
 * argument: with SA_SIGINFO, the context.
 */
#define USER32_CS   0x23
#define CONTEXT_IP  56 /* in struct sigcontext_32 */
#define FRAME_IP    (8 + CONTEXT_IP)
#define UCONTEXT_IP (20 + CONTEXT_IP)

/* Where the program counter is that such a handler will return to; 0: it is none. */
static uint64_t narrow_return(pid_t tid)
{
	struct user_regs_struct regs;

	if (ptrace(PTRACE_GETREGS, tid, NULL, &regs) || regs.cs != USER32_CS)
		return 0;
	return regs.rcx ? regs.rcx + UCONTEXT_IP : regs.rsp + FRAME_IP;
}
#else
static uint64_t narrow_return(pid_t tid)
{
	(void)tid;
	return 0;
}
#endif

uint64_t fetch_handler_return(pid_t tid, uint64_t sp)
{
	uint64_t at = narrow_return(tid), pc = 0; /* on x86 the low half comes first */

	return fetch_memory(tid, at ? at : sp + FRAME_PC, &pc, at ? sizeof(uint32_t) : sizeof(pc)) ? 0 : pc;
}
