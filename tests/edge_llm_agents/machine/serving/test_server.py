from __future__ import annotations

import gc
import json
import signal
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import httpx
import openai
import pytest

from edge_llm_agents.machine.live.iterations import Iterations
from edge_llm_agents.machine.live.jobs import Job
from edge_llm_agents.machine.serving.app import Completions
from edge_llm_agents.machine.serving.bodies import Offer
from edge_llm_agents.machine.serving.engine import Engine
from edge_llm_agents.machine.serving.running import Server, serve
from edge_llm_agents.machine.sockets import listening
from tests.edge_llm_agents.machine.serving.support import POSITIONS, SCENARIO, HeldDecoder, Served, served
from tests.edge_llm_agents.machine.support import TINY, alone
from tests.support.programs.processes import HANG_GUARD_S, signalled, wait_until


def text(tokens: list[int]) -> str:
    return "".join(f" {token}" for token in tokens)


@pytest.fixture(scope="module")
def server() -> Iterator[Served]:
    with served() as one:
        yield one


@pytest.fixture
def client(server: Served) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{server.url}/v1", api_key="none", max_retries=0, timeout=HANG_GUARD_S) as one:
        yield one


def test_concurrent_requests_each_get_what_they_would_alone(server: Served, client: openai.OpenAI) -> None:
    prompts = [[1 + i] * (1 + 3 * i % 17) for i in range(24)]

    def complete(prompt: list[int]) -> str:
        found = client.completions.create(model="tiny", prompt=prompt, max_tokens=7)
        assert found.usage is not None
        assert (found.usage.prompt_tokens, found.usage.completion_tokens) == (len(prompt), 7)
        return found.choices[0].text

    with ThreadPoolExecutor(12) as threads:
        found = list(threads.map(complete, prompts))
    assert found == [text(alone(prompt, 7)) for prompt in prompts]


def test_a_stream_has_each_token_and_ends(client: openai.OpenAI) -> None:
    stream = client.completions.create(
        model="tiny", prompt="abc", max_tokens=5, stream=True, stream_options={"include_usage": True}
    )
    parts = list(stream)
    made = alone(list(b"abc"), 5)
    assert [part.choices[0].text for part in parts[:-1]] == [f" {token}" for token in made]
    assert [part.choices[0].finish_reason for part in parts[:-1]] == [None] * 4 + ["length"]
    assert parts[-1].choices == []
    assert parts[-1].usage is not None
    assert parts[-1].usage.total_tokens == 8


def test_the_model_is_listed(client: openai.OpenAI) -> None:
    assert [one.id for one in client.models.list()] == ["tiny"]


def test_streams_that_clients_cut_free_what_they_held(server: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    noticed = threading.Semaphore(0)
    cancel = server.engine.cancel

    def noticing(job: Job) -> None:
        cancel(job)
        if job.output_tokens == POSITIONS - 1:  # not the last of another test
            noticed.release()

    monkeypatch.setattr(server.engine, "cancel", noticing)
    before = server.ended("cancelled")
    with httpx.Client(base_url=server.url, timeout=HANG_GUARD_S) as http:
        for count in range(6):  # more than there are slots
            server.decoder.hold_after(1)
            body = {"model": "tiny", "prompt": [7], "max_tokens": POSITIONS - 1, "stream": True}
            with http.stream("POST", "/v1/completions", json=body) as stream:
                next(stream.iter_lines())
            noticed.acquire()
            server.decoder.free.set()
            wait_until(lambda count=count: server.ended("cancelled") != before + count)
    wait_until(lambda: not server.counts()["edge_llm_requests_running"])
    assert server.ended("cancelled") == before + 6


def test_a_client_that_goes_before_its_answer_is_let_go(server: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    submitted, noticed = threading.Event(), threading.Event()
    cancel, submit = server.engine.cancel, server.engine.submit

    def submitting(job: Job) -> bool:
        taken = submit(job)
        submitted.set()
        return taken

    def noticing(job: Job) -> None:
        cancel(job)
        noticed.set()

    monkeypatch.setattr(server.engine, "submit", submitting)
    monkeypatch.setattr(server.engine, "cancel", noticing)
    before = server.ended("cancelled")
    server.decoder.free.clear()
    body = json.dumps({"model": "tiny", "prompt": [7], "max_tokens": 500})
    with socket.create_connection(httpx.URL(server.url).netloc.decode().split(":")) as gone:
        gone.sendall(f"POST /v1/completions HTTP/1.1\r\nHost: a\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode())
        submitted.wait()
    noticed.wait()
    server.decoder.free.set()
    wait_until(lambda: server.ended("cancelled") != before)
    wait_until(lambda: not server.counts()["edge_llm_requests_running"])
    assert server.ended("cancelled") == before + 1


def test_a_client_that_goes_in_the_middle_of_its_body_is_counted_without_a_traceback(
    capfd: pytest.CaptureFixture[str],
) -> None:
    with served() as server:
        with socket.create_connection(httpx.URL(server.url).netloc.decode().split(":")) as gone:
            gone.sendall(b'POST /v1/completions HTTP/1.1\r\nHost: a\r\nContent-Length: 99\r\n\r\n{"model"')
        wait_until(lambda: bool(server.counts().get('edge_llm_requests_refused_total{status="499"}')))
        assert server.counts()["edge_llm_requests_accepted_total"] == 0
    assert "Traceback" not in capfd.readouterr().err


MALFORMED = [
    (b"", 400, "body: Invalid JSON"),
    (b"{", 400, "body: Invalid JSON"),
    (b"[]", 400, "body: Input should be an object"),
    (b"\xff\xfe", 400, "body: Invalid JSON"),
    (b'{"model": "tiny"}', 400, "prompt: Field required"),
    (b'{"model": "tiny", "prompt": ""}', 400, "prompt.constrained-str: String should have at least 1 character"),
    (b'{"model": "tiny", "prompt": [1, 300]}', 400, "prompt: has token 300, must be below 300"),
    (b'{"model": "tiny", "prompt": [-1]}', 400, "prompt"),
    (b'{"model": "tiny", "prompt": [1.5]}', 400, "prompt"),
    (b'{"model": "tiny", "prompt": [1], "max_tokens": 0}', 400, "max_tokens: Input should be greater than"),
    (b'{"model": "tiny", "prompt": [1], "max_tokens": 512}', 400, "must be at most 512 together"),
    (b'{"model": "tiny", "prompt": [1], "max_tokens": "3"}', 400, "max_tokens: Input should be a valid integer"),
    (b'{"model": "tiny", "prompt": [1], "n": 2}', 400, "n: Input should be 1"),
    (b'{"model": "tiny", "prompt": [1], "temperature": 0.7}', 400, "temperature: Input should be less than"),
    (b'{"model": "tiny", "prompt": [1], "stop": "x"}', 400, "stop: Extra inputs are not permitted"),
    (b'{"model": "other", "prompt": [1]}', 404, "model = 'other': must be 'tiny'"),
    (b'{"prompt": "' + b"x" * 2**22 + b'"}', 413, "body: must have at most"),
]


@pytest.mark.parametrize(("content", "status", "message"), MALFORMED)
def test_malformed_bodies_are_told_what_is_wrong(server: Served, content: bytes, status: int, message: str) -> None:
    before = server.counts()["edge_llm_requests_accepted_total"]
    answer = httpx.post(f"{server.url}/v1/completions", content=content, timeout=HANG_GUARD_S)
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, str(status))
    assert message in answer.json()["error"]["message"]
    assert "\n" not in answer.json()["error"]["message"]
    assert server.counts()["edge_llm_requests_accepted_total"] == before


@pytest.mark.parametrize(
    ("header", "value", "status", "message"),
    [
        ("X-Deadline-S", "soon", 400, "x-deadline-s = 'soon': must be a number"),
        ("X-Deadline-S", "nan", 400, "x-deadline-s = nan: must be greater than 0"),
        ("X-Deadline-S", "-1", 400, "x-deadline-s = -1: must be greater than 0"),
        ("X-Accuracy", "0.95", 422, "x-accuracy = 0.95: must be in 0..0.9"),
        ("X-Accuracy", "nan", 422, "x-accuracy = nan: must be in 0..0.9"),
        ("X-Deadline-S", "1e-9", 504, "the deadline can no longer be met"),
    ],
)
def test_deadline_and_accuracy_are_asked_for_by_headers(
    client: openai.OpenAI, header: str, value: str, status: int, message: str
) -> None:
    with pytest.raises(openai.APIStatusError, match=message) as raised:
        client.completions.create(model="tiny", prompt="a", max_tokens=2, extra_headers={header: value})
    assert raised.value.status_code == status
    client.completions.create(
        model="tiny", prompt="a", max_tokens=2, extra_headers={"X-Deadline-S": "1e6", "X-Accuracy": "0.9"}
    )


def test_a_thousand_in_a_row_leave_nothing_behind() -> None:
    with served() as server:
        body = {"model": "tiny", "prompt": [3, 4], "max_tokens": 2}
        with httpx.Client(base_url=server.url, timeout=HANG_GUARD_S) as http:
            for count in range(1000):
                assert http.post("/v1/completions", json=body | {"stream": count % 2 == 1}).status_code == 200
        counts = server.counts()
        assert counts["edge_llm_requests_accepted_total"] == server.ended("completed") == 1000
        assert counts["edge_llm_tokens_total"] == 2000
        assert counts["edge_llm_ttft_seconds_count"] == counts["edge_llm_tpot_seconds_count"] == 1000
        assert server.scheduler._row.state.requests[0] == 0  # type: ignore[attr-defined]
        assert sorted(server.scheduler._decoder._free) == [0, 1, 2, 3]  # type: ignore[attr-defined]
        gc.collect()
        assert sum(type(one) is Job for one in gc.get_objects()) <= 1  # the engine's thread may still name the last


def test_more_than_may_wait_are_refused_and_nothing_is_lost() -> None:
    with served(queue=3) as server, ThreadPoolExecutor(12) as threads:
        server.decoder.free.clear()
        body = {"model": "tiny", "prompt": [1], "max_tokens": 3}
        sent = [
            threads.submit(httpx.post, f"{server.url}/v1/completions", json=body, timeout=HANG_GUARD_S)
            for _ in range(12)
        ]
        while True:
            counts = server.counts()
            refused = counts.get('edge_llm_requests_refused_total{status="429"}', 0.0)
            if counts["edge_llm_requests_accepted_total"] + refused == 12:
                break
        server.decoder.free.set()
        statuses = [one.result().status_code for one in sent]
        assert (statuses.count(200), statuses.count(429)) == (12 - refused, refused)
        assert refused == 9  # while the first pass is held up, those in it count as waiting, as before it
        assert server.ended("completed") == 12 - refused


def test_a_decoder_that_fails_leaves_nobody_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[object] = []
    monkeypatch.setattr(threading, "excepthook", lambda ending: said.append(ending.exc_value))
    with served(fails=True) as server:

        def run(pieces: object) -> list[int]:
            raise RuntimeError("out of memory")

        monkeypatch.setattr(server.decoder, "run", run)
        body = {"model": "tiny", "prompt": [1], "max_tokens": 3}
        assert httpx.post(f"{server.url}/v1/completions", json=body, timeout=HANG_GUARD_S).status_code == 503
        assert httpx.post(f"{server.url}/v1/completions", json=body, timeout=HANG_GUARD_S).status_code == 503
        assert server.ended("failed") >= 1
    assert [str(one) for one in said] == ["out of memory"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_server_once_streams_are_done(number: int) -> None:
    decoder = HeldDecoder(slots=4)
    engine = Engine(Iterations(SCENARIO, "vllm", decoder, 0, 8), 8)
    app = Completions(engine, Offer("tiny", TINY.vocabulary, POSITIONS, 0.9, 1e6)).app()
    found: list[str] = []
    decoder.hold_after(1)

    def talk(url: str) -> None:
        body = {"model": "tiny", "prompt": [5], "max_tokens": 40, "stream": True}
        with (
            httpx.Client(base_url=url, timeout=HANG_GUARD_S) as http,
            http.stream("POST", "/v1/completions", json=body) as stream,
        ):
            lines = stream.iter_lines()
            next(lines)
            signalled(number)
            decoder.free.set()
            found.extend(one for one in lines if one)

    with listening("127.0.0.1", 0) as bound, ThreadPoolExecutor(1) as threads:
        talks: list[Future[None]] = []
        serve(app, bound, lambda url: talks.append(threads.submit(talk, url)))
        talks[0].result()
    assert len(found) == 40
    assert found[-1] == "data: [DONE]"
    assert engine.metrics.line().startswith("1 requests accepted: 1 completed, 0 expired, 0 cancelled, 0 failed")


class StoppedInAPass(Engine):
    """Told to stop while its decoder is held up, which it is no longer then."""

    held: HeldDecoder

    def stop(self) -> None:
        with self._changed:
            self._stopping = True
        self.held.free.set()
        super().stop()


def test_a_second_signal_ends_the_server_at_once_and_without_a_traceback(capfd: pytest.CaptureFixture[str]) -> None:
    decoder = HeldDecoder(slots=4)
    engine = StoppedInAPass(Iterations(SCENARIO, "vllm", decoder, 0, 8), 8)
    engine.held = decoder
    decoder.hold_after(1)
    server = Server(Completions(engine, Offer("tiny", TINY.vocabulary, POSITIONS, 0.9, 1e6)).app())
    body = {"model": "tiny", "prompt": [5], "max_tokens": 40, "stream": True}
    with listening("127.0.0.1", 0) as bound, ThreadPoolExecutor(1) as threads:
        ended = threads.submit(server.run, sockets=[bound])
        url = f"http://127.0.0.1:{bound.getsockname()[1]}/v1/completions"
        with httpx.stream("POST", url, json=body, timeout=HANG_GUARD_S) as stream:
            next(stream.iter_lines())
            for _ in range(2):
                server.handle_exit(signal.SIGINT, None)
            ended.result()
    assert engine.metrics.line().startswith("1 requests accepted: 0 completed, 0 expired")
    assert "Traceback" not in capfd.readouterr().err
