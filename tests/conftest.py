from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

# Each worker has a core to itself at best, and threads of these pools that wait for one another do so actively: set
# before anything imports what reads it, and handed on to the processes that tests start.
for _pool in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_pool, "1")

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
