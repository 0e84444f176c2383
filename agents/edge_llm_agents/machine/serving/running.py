"""The server as a process: it listens, and ends when asked to, once what it has taken in is done."""

from __future__ import annotations

import signal
import socket
from collections.abc import Callable

import uvicorn
from starlette.applications import Starlette


class Server(uvicorn.Server):
    """What serves an application; told to exit, it waits for what it has taken in."""

    def __init__(self, app: Starlette) -> None:
        super().__init__(uvicorn.Config(app, log_level="warning", ws="none", http="h11"))

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End, and the application too, which uvicorn leaves out after a second signal."""
        await super().shutdown(sockets)
        if self.force_exit:
            await self.lifespan.shutdown()


def serve(app: Starlette, bound: socket.socket, announce: Callable[[str], None]) -> None:
    """Serve until SIGINT or SIGTERM, in the main thread; a second one ends at once.
    uvicorn raises the signal again when all is done, which then has no more effect.
    """
    host, port = bound.getsockname()[:2]
    ignored = {one: signal.signal(one, lambda number, frame: None) for one in (signal.SIGINT, signal.SIGTERM)}
    announce(f"http://{f'[{host}]' if ':' in host else host}:{port}")
    try:
        Server(app).run(sockets=[bound])
    finally:
        for number, before in ignored.items():
            signal.signal(number, before)
