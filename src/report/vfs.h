/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IORIOT_REPORT_VFS_H
#define IORIOT_REPORT_VFS_H

#include "events/events.h"

/* The layer vfs: calls, requests of AIO and of io_uring as operations on files. */

/* "READ", "DIO_WRITE", "RENAME" ...; NULL: it is none, or on what is no file. */
const char *vfs_operation(const struct event *ev);

/* Its line, without the end. False: it is no operation, or on what is no file; nothing is written. */
bool vfs_put(struct buf *out, const struct event *ev);

#define VFS_COLUMNS                                                                                  \
	"timestamp,operation,pid,command,filename,size,inode,flags,offset,tid,mmap_prot,mmap_flags,"  \
	"address,latency_ns,result,bytes,dev,mode,call"

#endif
