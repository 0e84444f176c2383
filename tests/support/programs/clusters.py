"""A Ray cluster of this machine for a test, which waits for a busy machine and writes nothing elsewhere."""

from __future__ import annotations

import logging

import pytest

from tests.support.clock import without_deadlines
from tests.support.programs.processes import HANG_GUARD_S

RAY_SETTINGS = {
    "AUTH_MODE": "disabled",  # else it writes a token to the home folder
    "USAGE_STATS_ENABLED": "0",
    "worker_niceness": "0",  # else its processes wait for those of other tests
    "memory_monitor_refresh_ms": "0",  # else it ends workers when other programs fill the memory
    "health_check_failure_threshold": "1000000",
    **dict.fromkeys(
        ("gcs_server_port_wait_time_s", "gcs_server_request_timeout_seconds", "worker_register_timeout_seconds"),
        str(round(HANG_GUARD_S)),
    ),
}
"""What Ray reads from the environment."""


def begin_cluster(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of two processes; `ray.shutdown()` ends it."""
    for name, value in RAY_SETTINGS.items():
        monkeypatch.setenv(f"RAY_{name}", value)
    import ray

    without_deadlines(ray._private.node, monkeypatch)
    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False, logging_level=logging.ERROR)
