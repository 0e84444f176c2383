from __future__ import annotations

from hypothesis import HealthCheck, settings

collect_ignore = ["tools"]  # made of other versions: `make test-tools`

settings.register_profile(
    "suite",
    deadline=None,
    derandomize=True,
    database=None,
    max_examples=60,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
settings.load_profile("suite")
