"""Sockets that a process of this machine listens on."""

from __future__ import annotations

import socket

from edge_llm_env.support.naming import shown


def listening(host: str, port: int) -> socket.socket:
    """A socket whose connections wait until they are served; of any free port for 0.

    Raises ValueError for a host that is no address of this machine, and a port that is taken or not allowed.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # With the protocol named, asyncio turns off the wait that gathers small packets, and each token leaves at once.
    bound = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((host, port))
        bound.listen()
    except (OSError, ValueError) as error:
        bound.close()
        reason = getattr(error, "strerror", None) or error
        raise ValueError(
            f"host = {shown(host)}, port = {port}: must be an address of this machine and a free port: {reason}"
        ) from None
    return bound
