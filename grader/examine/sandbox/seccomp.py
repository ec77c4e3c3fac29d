"""System calls that no lesson needs, refused by Linux: namespaces, mounts, other processes' memory, keyrings, BPF.

The rest of the sandbox holds without it. What it adds: fewer ways into the machine's own kernel, no second user
namespace in which a learner would be root, and no sockets of families that know no network namespace (vsock).
The filter is a classic BPF program (seccomp(2)), written here because libseccomp has no maintained Python package.
"""

from __future__ import annotations

import errno
import platform
import struct

_ALLOW, _ERRNO = 0x7FFF0000, 0x00050000  # SECCOMP_RET_*
_LOAD, _EQUAL, _GREATER, _ANY_BIT, _RETURN = 0x20, 0x15, 0x25, 0x45, 0x06  # BPF_LD|W|ABS, BPF_JMP|JEQ|K, JGT, JSET, RET
_NUMBER, _ARCHITECTURE, _FIRST = 0, 4, 16  # offsets in struct seccomp_data; the low half of the first argument
_NEW_ANY = 0x7E020000 | 0x80  # CLONE_NEW{NS,CGROUP,UTS,IPC,USER,PID,NET,TIME}
_FAMILIES = (1, 2, 10, 16)  # AF_UNIX, AF_INET, AF_INET6, AF_NETLINK
_X32 = 0x40000000

_COMMON = {  # the same number everywhere, because they are young
    "io_uring_setup": 425, "io_uring_enter": 426, "io_uring_register": 427, "open_tree": 428, "move_mount": 429,
    "fsopen": 430, "fsconfig": 431, "fsmount": 432, "fspick": 433, "pidfd_getfd": 438, "mount_setattr": 442,
}  # fmt: skip
_REFUSED = {
    "x86_64": {
        "ptrace": 101, "syslog": 103, "pivot_root": 155, "chroot": 161, "acct": 163, "mount": 165, "umount2": 166,
        "swapon": 167, "swapoff": 168, "reboot": 169, "init_module": 175, "delete_module": 176, "quotactl": 179,
        "kexec_load": 246, "add_key": 248, "request_key": 249, "keyctl": 250, "perf_event_open": 298,
        "name_to_handle_at": 303, "open_by_handle_at": 304, "setns": 308, "process_vm_readv": 310,
        "process_vm_writev": 311, "kcmp": 312, "finit_module": 313, "kexec_file_load": 320, "bpf": 321,
        "userfaultfd": 323,
    },
    "aarch64": {
        "umount2": 39, "mount": 40, "pivot_root": 41, "chroot": 51, "quotactl": 60, "acct": 89, "kexec_load": 104,
        "init_module": 105, "delete_module": 106, "syslog": 116, "ptrace": 117, "reboot": 142, "add_key": 217,
        "request_key": 218, "keyctl": 219, "swapon": 224, "swapoff": 225, "perf_event_open": 241,
        "name_to_handle_at": 264, "open_by_handle_at": 265, "setns": 268, "process_vm_readv": 270,
        "process_vm_writev": 271, "kcmp": 272, "finit_module": 273, "bpf": 280, "userfaultfd": 282,
        "kexec_file_load": 294,
    },
}  # fmt: skip
_SPECIAL = {  # clone, unshare, clone3, socket
    "x86_64": (56, 272, 435, 41),
    "aarch64": (220, 97, 435, 198),
}
_AUDIT = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}  # AUDIT_ARCH_*


def program(machine: str | None = None) -> bytes:
    """The filter as Linux takes it, 8 bytes an instruction; empty for a machine that this file does not know.

    Args:
        machine: such as "x86_64"; None for this one.
    """
    machine = machine or platform.machine()
    if machine not in _AUDIT:
        return b""
    clone, unshare, clone3, new_socket = _SPECIAL[machine]
    refuse, absent = _ERRNO | errno.EPERM, _ERRNO | errno.ENOSYS
    words = [
        _word(_LOAD, 0, 0, _ARCHITECTURE),
        _word(_EQUAL, 1, 0, _AUDIT[machine]),
        _word(_RETURN, 0, 0, refuse),  # another architecture's numbers mean other calls
        _word(_LOAD, 0, 0, _NUMBER),
        _word(_GREATER, 0, 1, _X32 - 1),
        _word(_RETURN, 0, 0, refuse),
        _word(_EQUAL, 0, 1, clone3),  # its flags are out of a filter's reach; the C library falls back to clone
        _word(_RETURN, 0, 0, absent),
    ]
    for number in sorted({*_COMMON.values(), *_REFUSED[machine].values()}):
        words += [_word(_EQUAL, 0, 1, number), _word(_RETURN, 0, 0, refuse)]
    for number in (clone, unshare):
        words += [
            _word(_EQUAL, 0, 4, number),
            _word(_LOAD, 0, 0, _FIRST),
            _word(_ANY_BIT, 0, 1, _NEW_ANY & ~0x80 if number == clone else _NEW_ANY),
            _word(_RETURN, 0, 0, refuse),
            _word(_RETURN, 0, 0, _ALLOW),
        ]
    words += [_word(_EQUAL, 0, len(_FAMILIES) + 3, new_socket), _word(_LOAD, 0, 0, _FIRST)]
    for position, family in enumerate(_FAMILIES):
        words.append(_word(_EQUAL, len(_FAMILIES) - position, 0, family))
    words += [_word(_RETURN, 0, 0, refuse), _word(_RETURN, 0, 0, _ALLOW)]
    return b"".join([*words, _word(_RETURN, 0, 0, _ALLOW)])


def _word(code: int, if_true: int, if_false: int, value: int) -> bytes:
    return struct.pack("=HBBI", code, if_true, if_false, value)
