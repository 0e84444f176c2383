import socket

import pytest

from edge_llm_agents.machine.loading import client
from tests.edge_llm_agents.machine.loading.test_summary import WORKLOAD


def test_a_server_that_says_nothing_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "LONGEST_S", 0.01)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        with pytest.raises(ValueError, match="ReadTimeout; must be where edge-llm serve listens"):
            client.send(url, "edge-llm", WORKLOAD)
