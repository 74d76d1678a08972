#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""usage: check_forbid.py CALL=ERRNO... -- COMMAND...

Runs COMMAND where a seccomp filter lets the system calls named fail, as containers do. CALL may be
prctl:SECCOMP, which is that one use of prctl(2) and seccomp(2).
"""
import ctypes
import errno
import os
import struct
import sys

NUMBERS = {
    "x86_64": {"ptrace": 101, "bpf": 321, "openat2": 437, "unshare": 272, "setresuid": 117,
               "landlock_create_ruleset": 444, "process_vm_readv": 310, "seccomp": 317, "prctl": 157},
    "aarch64": {"ptrace": 117, "bpf": 280, "openat2": 437, "unshare": 97, "setresuid": 147,
                "landlock_create_ruleset": 444, "process_vm_readv": 270, "seccomp": 277, "prctl": 167},
}[os.uname().machine]
LOAD, JUMP_EQUAL, RETURN = 0x20, 0x15, 0x06
ALLOW, ERRNO = 0x7FFF0000, 0x00050000
PR_SET_SECCOMP, PR_SET_NO_NEW_PRIVS, MODE_FILTER = 22, 38, 2
NR, FIRST_ARGUMENT = 0, 16


def code(op, k, jump_true=0, jump_false=0):
    return struct.pack("=HBBI", op, jump_true, jump_false, k)


def forbid(call, name):
    result = code(RETURN, ERRNO | getattr(errno, name))
    if call != "prctl:SECCOMP":
        return code(JUMP_EQUAL, NUMBERS[call], 0, 1) + result
    return (forbid("seccomp", name) + code(JUMP_EQUAL, NUMBERS["prctl"], 0, 4) +
            code(LOAD, FIRST_ARGUMENT) + code(JUMP_EQUAL, PR_SET_SECCOMP, 0, 1) + result +
            code(LOAD, NR))


def main():
    split = sys.argv.index("--")
    filt = code(LOAD, NR) + b"".join(forbid(*a.split("=")) for a in sys.argv[1:split])
    filt += code(RETURN, ALLOW)
    text = ctypes.create_string_buffer(filt, len(filt))
    program = struct.pack("@HP", len(filt) // 8, ctypes.addressof(text))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) or libc.prctl(
            PR_SET_SECCOMP, MODE_FILTER, ctypes.c_char_p(program), 0, 0):
        sys.exit(f"check_forbid.py: {os.strerror(ctypes.get_errno())}")
    os.execvp(sys.argv[split + 1], sys.argv[split + 1:])


main()
