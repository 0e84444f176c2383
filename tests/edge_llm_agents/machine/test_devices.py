"""Devices by their names, and the memory that a decoder must fit into."""

from __future__ import annotations

import ctypes
import os
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from edge_llm_agents.machine.decoder import TorchDecoder
from edge_llm_agents.machine.devices import device_of, memory_bytes
from tests.edge_llm_agents.machine.support import TINY


def test_the_processor_is_there_and_has_memory() -> None:
    assert device_of("cpu").type == "cpu"
    assert 2**28 < memory_bytes(device_of("cpu")) < 2**50


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("", r"device = '': must be cpu, cuda, cuda:1 or the like, or mps"),
        ("gpu", r"device = 'gpu': must be cpu, cuda, cuda:1 or the like, or mps"),
        ("meta", r"device = 'meta': must be of cpu, cuda, mps"),
    ],
)
def test_a_name_of_no_device_is_told(name: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        device_of(name)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU: CUDA_VISIBLE_DEVICES= pytest hides it")
def test_a_device_that_is_not_there_is_told() -> None:
    with pytest.raises(ValueError, match=r"device = 'cuda': must be one that torch finds on this machine: ."):
        device_of("cuda")


def test_a_decoder_that_does_not_fit_is_refused_before_it_is_allocated() -> None:
    with pytest.raises(ValueError, match=r"decoder of slots = 1000000 and positions = 1000000: takes .* GB, must fit"):
        TorchDecoder(TINY, slots=10**6, positions=10**6)


def test_where_there_is_no_sysconf_windows_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    def installed(kilobytes: Any) -> int:
        kilobytes._obj.value = 2**23
        return 1

    kernel32 = SimpleNamespace(GetPhysicallyInstalledSystemMemory=installed)
    monkeypatch.delattr(os, "sysconf", raising=False)
    monkeypatch.setattr(ctypes, "windll", SimpleNamespace(kernel32=kernel32), raising=False)
    assert memory_bytes(torch.device("cpu")) == 2**33
