"""A server for the command that asks one, and an end for the command that is one."""

from __future__ import annotations

import io
import json
import os
import re
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.request import urlopen

LOOKS_EVERY_S = 0.01

LONGEST_ANSWER_S = 60.0

TOKEN = json.dumps({"id": "cmpl-0", "choices": [{"index": 0, "text": " 7", "finish_reason": "length"}]})


class Answers(BaseHTTPRequestHandler):
    """What `edge-llm load` asks of a server: one model, and a token for each request."""

    def do_GET(self) -> None:
        """The models."""
        self._say("application/json", json.dumps({"object": "list", "data": [{"id": "edge-llm"}]}))

    def do_POST(self) -> None:
        """A completion, as a stream."""
        self.rfile.read(int(self.headers["Content-Length"]))
        self._say("text/event-stream", f"data: {TOKEN}\n\ndata: [DONE]\n\n")

    def log_message(self, format: str, *arguments: Any) -> None:  # noqa: A002 (as http.server names it)
        """Say nothing."""

    def _say(self, kind: str, text: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())


class Server(ThreadingHTTPServer):
    """One that says nothing of clients that have gone, as they do when they are interrupted."""

    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing."""


@contextmanager
def server() -> Iterator[str]:
    """The address of a server of OpenAI's protocol, for as long as the context lasts."""
    with Server(("127.0.0.1", 0), Answers) as listening:
        threading.Thread(target=listening.serve_forever, args=(LOOKS_EVERY_S,), daemon=True).start()
        try:
            yield f"http://127.0.0.1:{listening.server_address[1]}"
        finally:
            listening.shutdown()


@contextmanager
def told_to_end(shown: io.StringIO) -> Iterator[None]:
    """What says in `shown` that it serves is told to end, as another process would tell it, once it has answered."""
    over = threading.Event()

    def tell() -> None:
        while not over.wait(LOOKS_EVERY_S):
            if found := re.search(r"^serving .* on (http://\S+)$", shown.getvalue(), re.MULTILINE):
                with suppress(OSError):
                    urlopen(f"{found[1]}/v1/models", timeout=LONGEST_ANSWER_S).close()
                    os.kill(os.getpid(), signal.SIGTERM)
                return

    thread = threading.Thread(target=tell, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
