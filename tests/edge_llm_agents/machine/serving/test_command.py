from __future__ import annotations

import re
import signal
import sys
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import openai
import pytest

from edge_llm_agents.commands.machine.load import Load
from edge_llm_agents.commands.machine.replay import Replay
from edge_llm_agents.commands.machine.serve import Serve
from edge_llm_agents.commands.main import main
from edge_llm_agents.machine.serving import running
from edge_llm_agents.machine.sockets import listening
from edge_llm_env.support.naming import shown
from tests.edge_llm_agents.machine.backends.test_llama_cpp import answering
from tests.support.programs.processes import HANG_GUARD_S, signalled


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = str(tmp_path_factory.mktemp("machine"))
    options = ["--decoder", "1m", "--batch", "4", "--tokens", "32", "--seconds", "0.01", "--clock", "processor"]
    assert main(["calibrate", "--machine", folder, *options]) == 0
    return folder


def complete(url: str) -> list[Any]:
    with openai.OpenAI(base_url=f"{url}/v1", api_key="none", max_retries=0, timeout=HANG_GUARD_S) as client:
        return [client.completions.create(model="mine", prompt=[3, 4], max_tokens=2) for _ in range(3)]


def served(monkeypatch: pytest.MonkeyPatch, *options: str, talk: Callable[[str], list[Any]] = complete) -> list[Any]:
    """What a client is answered by the command, which is then told to end."""
    serve = running.serve

    def and_end(url: str) -> list[Any]:
        try:
            return talk(url)
        finally:
            signalled(signal.SIGTERM)

    with ThreadPoolExecutor(1) as threads:
        talks: list[Future[list[Any]]] = []

        def serving(app: Any, bound: Any, announce: Any) -> None:
            def announcing(url: str) -> None:
                announce(url)
                talks.append(threads.submit(and_end, url))

            serve(app, bound, announcing)

        monkeypatch.setattr(running, "serve", serving)
        assert main(["serve", "--port", "0", "--model", "mine", *options]) == 0
        return talks[0].result()


@pytest.mark.parametrize(("by", "policy"), [("iterations", "vllm"), ("epochs", "fcfs")])
def test_the_command_serves_by_either_kind_of_policy(
    machine: str, by: str, policy: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    answers = served(monkeypatch, "--machine", machine, "--by", by, "--policy", policy, "--deadline-s", "1e6")
    assert len({one.choices[0].text for one in answers}) == 1
    said = capsys.readouterr().out.splitlines()
    assert said[-2].startswith(f"serving mine by {policy} on http://127.0.0.1:")
    assert said[-1].startswith("3 requests accepted: 3 completed, 0 expired, 0 cancelled, 0 failed")


@pytest.mark.parametrize("by", ["iterations", "epochs"])
def test_a_workload_of_the_suite_is_sent_and_counted(
    machine: str, by: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    policy = {"iterations": "vllm", "epochs": "fcfs"}[by]
    sending = ["--machine", machine, "--by", by, "--seconds", "0.2", "--model", "mine", "--label", policy]

    def talk(url: str) -> list[Any]:
        assert main(["load", "--url", url, *sending]) == 0
        assert main(["load", "--url", url, *sending, "--model", "other"]) == 2
        assert main(["load", "--url", url, *sending, "--margin", "-1"]) == 2
        return []

    served(monkeypatch, "--machine", machine, "--by", by, "--policy", policy, talk=talk)
    out, err = capsys.readouterr()
    lines = out.splitlines()
    at = next(number for number, line in enumerate(lines) if line.startswith("policy"))
    row = dict(zip(re.split("  +", lines[at].strip()), lines[at + 1].split(), strict=False))
    accepted = int(lines[-1].split()[0])
    assert int(row["sent"]) == accepted + int(row["refused"]) > 0
    assert "model = 'other': must be one of mine" in err
    assert "margin = -1: must be at least 0" in err


def test_what_is_sent_is_planned_as_what_serves() -> None:
    assert Load().margin == Serve().margin == Replay().margin


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--queue", "0"], "queue = 0: must be greater than 0"),
        (["--queue", "65537"], "queue = 65537: must be greater than 0, and at most 65536"),
        (["--deadline-s", "1e9"], "deadline_s = 1e+09: must be greater than 0 and less than 1e9"),
        (["--host", "no.such.host.invalid"], "host = 'no.such.host.invalid', port = 8000: must be an address of this"),
        (["--host", "a" * 300], "must be an address of this machine"),
        (["--port", "65536"], "port = 65536: must be in 0..65535"),
        (["--port", "0", "--policy", "nobody"], "policy = 'nobody'"),
        (["--port", "0", "--policy", "value-carry-over"], "must be for EdgeLLM/ContinuousBatching-v0"),
        (["--port", "0", "--machine", "/nowhere"], "edge-llm calibrate writes one"),
    ],
)
def test_wrong_options_are_told_in_a_line(
    machine: str, options: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["serve", "--machine", machine, *options]) == 2
    said = capsys.readouterr().err
    assert message in said
    assert said.count("\n") == 1


def test_a_port_that_is_taken_is_told(machine: str, capsys: pytest.CaptureFixture[str]) -> None:
    with listening("127.0.0.1", 0) as taken:
        port = taken.getsockname()[1]
        assert main(["serve", "--machine", machine, "--port", str(port)]) == 2
    assert f"port = {port}: must be an address of this machine and a free port" in capsys.readouterr().err


@pytest.mark.parametrize("url", ["http://[", "nowhere", "http://\0", ""])
def test_an_address_that_is_none_is_told(machine: str, url: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["load", "--machine", machine, "--url", url]) == 2
    said = capsys.readouterr().err.splitlines()[-1]
    assert said.startswith(f"error: url = {shown(url)}: ")
    assert said.endswith("must be where edge-llm serve listens")


def test_another_server_is_told(machine: str, capsys: pytest.CaptureFixture[str]) -> None:
    with answering(lambda body: {}) as (url, _):
        assert main(["load", "--machine", machine, "--url", url]) == 2
    assert "answers without models, must be a server of OpenAI's protocol" in capsys.readouterr().err


@pytest.mark.parametrize("package", ["starlette", "uvicorn"])
def test_a_missing_package_is_named_with_its_extra(
    package: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    assert main(["serve"]) == 2
    extra = 'pip install "edge-llm-env[agents,server]"'
    assert capsys.readouterr().err == f"error: edge-llm serve needs {package}: {extra}\n"
