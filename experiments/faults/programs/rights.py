"""What root may do beyond the modes of files, given up, so that a folder that cannot be written is one for root too."""

from __future__ import annotations

import ctypes
import os
import sys

CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH = 1, 2
"""Of capabilities(7): to read and write, and to read, whatever the modes."""

CAPABILITY_VERSION, PR_CAPBSET_DROP = 0x20080522, 24
"""Of capset(2) and prctl(2)."""


def give_up_rights() -> None:
    """Let modes of files hold for this process and those that it starts; they do already unless it is root's."""
    if os.geteuid() != 0 or sys.platform != "linux":
        return
    libc = ctypes.CDLL(None, use_errno=True)
    given_up = (CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH)
    for capability in given_up:
        libc.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0)
    header = (ctypes.c_uint32 * 2)(CAPABILITY_VERSION, 0)
    sets = (ctypes.c_uint32 * 6)()  # effective, permitted, inheritable, and the same of later capabilities
    if libc.capget(header, sets) != 0:
        raise OSError(ctypes.get_errno(), "capget")
    for which in range(3):
        sets[which] &= ~sum(1 << capability for capability in given_up)
    if libc.capset(header, sets) != 0:
        raise OSError(ctypes.get_errno(), "capset")
