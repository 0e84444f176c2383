"""Torch's devices: what a name stands for on this machine, and how much memory there is."""

from __future__ import annotations

import ctypes
import os

import torch

from edge_llm_env.inference.device import DeviceKind
from edge_llm_env.support.naming import shown

KINDS: dict[str, DeviceKind] = {"cpu": "cpu", "cuda": "server-gpu", "mps": "apple"}
"""Type of torch's device → kind of device in the catalogue."""


def device_of(name: str) -> torch.device:
    """The device of a name. Raises ValueError for a name of none, and for a device that torch does not find here."""
    try:
        device = torch.device(name)
    except (RuntimeError, ValueError):
        raise ValueError(f"device = {shown(name)}: must be cpu, cuda, cuda:1 or the like, or mps") from None
    if device.type not in KINDS:
        raise ValueError(f"device = {shown(name)}: must be of {', '.join(KINDS)}")
    try:
        torch.zeros(1, device=device).item()
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        reason = str(error).partition("\n")[0]
        raise ValueError(f"device = {shown(name)}: must be one that torch finds on this machine: {reason}") from None
    return device


def memory_bytes(device: torch.device) -> float:
    """Of the device; the machine's where it is the processor or shares its memory."""
    if device.type == "cuda":
        return float(torch.cuda.get_device_properties(device).total_memory)
    if hasattr(os, "sysconf"):
        return float(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    kilobytes = ctypes.c_ulonglong()
    ctypes.windll.kernel32.GetPhysicallyInstalledSystemMemory(ctypes.byref(kilobytes))  # type: ignore[attr-defined]
    return 1024.0 * kilobytes.value
