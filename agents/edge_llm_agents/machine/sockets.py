"""Sockets that a process of this machine listens on."""

from __future__ import annotations

import socket


def listening(host: str, port: int) -> socket.socket:
    """A socket whose connections wait until they are served; of any free port for 0. Raises OSError."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # With the protocol named, asyncio turns off the wait that gathers small packets, and each token leaves at once.
    bound = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    bound.bind((host, port))
    bound.listen()
    return bound
