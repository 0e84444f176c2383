"""A llama.cpp server by what it says of its passes: a small server that says what a cost model does."""

from __future__ import annotations

import json
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from edge_llm_agents.commands.main import main
from edge_llm_agents.machine.backends.llama_cpp import DECODED, LlamaCppServer
from edge_llm_agents.machine.backends.points import Point
from edge_llm_agents.machine.calibration.folder import read_calibrated
from tests.support.programs.processes import HANG_GUARD_S


@contextmanager
def answering(answer: Any, status: int = 200) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """The address of a server that answers a body so, and the bodies that it got."""
    bodies: list[dict[str, Any]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            bodies.append({"path": self.path, **body})
            content = json.dumps(answer(body)).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *arguments: Any) -> None:  # noqa: A002 (as http.server names it)
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = False
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", bodies
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def linear(body: dict[str, Any]) -> dict[str, Any]:
    prompt = len(body["prompt"])
    return {"timings": {"prompt_ms": 2.0 + 0.5 * prompt, "predicted_per_token_ms": 4.0 + 0.01 * prompt}}


def test_a_point_is_what_the_server_says_of_its_prompts() -> None:
    with answering(linear) as (url, bodies):
        server = LlamaCppServer(f"{url}/")
        assert server.seconds(Point("prefill", 3, 40)) == pytest.approx(22e-3)
        assert server.seconds(Point("decode", 2, 64)) == pytest.approx((4.0 + 0.01 * (64 - DECODED // 2)) / 1e3)
    assert [one["path"] for one in bodies] == ["/completion"] * 5
    assert [one["n_predict"] for one in bodies] == [1, 1, 1, DECODED, DECODED]
    assert not any(one["cache_prompt"] for one in bodies)
    assert len({tuple(one["prompt"]) for one in bodies}) == 5  # none is found in a cache


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        ({"content": ""}, "answers without timings, must be a llama.cpp server"),
        ([], "answers without timings"),
        ({"timings": {"prompt_ms": 0}}, "timings.prompt_ms = 0: must be greater than 0"),
    ],
)
def test_another_server_is_told(answer: Any, message: str) -> None:
    with answering(lambda body: answer) as (url, _), pytest.raises(ValueError, match=message):
        LlamaCppServer(url).seconds(Point("prefill", 1, 4))


def test_what_does_not_speak_http_is_told() -> None:
    class Other(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            self.request.recv(2**16)
            self.request.sendall(b"SSH-2.0-other\r\n")

    with socketserver.TCPServer(("127.0.0.1", 0), Other) as server:
        server.timeout = HANG_GUARD_S
        thread = threading.Thread(target=server.handle_request, daemon=True)
        thread.start()
        with pytest.raises(ValueError, match=r"SSH-2\.0-other.*llama-server must listen there"):
            LlamaCppServer(f"http://127.0.0.1:{server.server_address[1]}").seconds(Point("prefill", 1, 4))
        thread.join(HANG_GUARD_S)


def test_an_address_must_be_one_of_http() -> None:
    for url in ("127.0.0.1:8080", "file:///etc", "ftp://a"):
        with pytest.raises(ValueError, match="must begin with http:// or https://"):
            LlamaCppServer(url)


def test_what_a_server_refuses_is_told_with_its_reason() -> None:
    refused = {"error": {"code": 400, "message": "the request exceeds the context"}}
    message = "answers 400, .*the request exceeds the context.*must answer /completion"
    with answering(lambda body: refused, 400) as (url, _), pytest.raises(ValueError, match=message):
        LlamaCppServer(url).seconds(Point("prefill", 1, 4))


def test_the_command_calibrates_a_server(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "machine"
    options = ["--decoder", "1m", "--batch", "4", "--tokens", "32", "--seconds", "0.01", "--machine", str(folder)]
    with answering(linear) as (url, _):
        assert main(["calibrate", *options, "--backend", "llama-cpp", "--url", url, "--precision", "w4a16-gptq"]) == 0
    about = read_calibrated(folder)
    assert (about.backend, about.precision) == ("llama-cpp", "w4a16-gptq")
    capsys.readouterr()
    for command in ("replay", "serve"):
        port = ["--port", "0"] if command == "serve" else ["--results", str(tmp_path / "replay.json")]
        assert main([command, "--machine", str(folder), *port]) == 2
        assert "was calibrated with llama-cpp: must be with torch" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--backend", "llama-cpp"], "url = '': must be given with --backend llama-cpp"),
        (["--precision", "w4a16"], "precision = 'w4a16': must be given with --backend llama-cpp"),
        (
            ["--backend", "llama-cpp", "--url", "http://a", "--precision", "w4a16"],
            "precision = 'w4a16': must be one of",
        ),
        (
            ["--backend", "llama-cpp", "--url", "http://127.0.0.1:9", "--precision", "w4a16-gptq"],
            "llama-server must listen there",
        ),
    ],
)
def test_wrong_options_are_told_in_a_line(
    options: list[str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["calibrate", "--decoder", "1m", "--machine", str(tmp_path / "machine"), *options]) == 2
    assert message in capsys.readouterr().err
