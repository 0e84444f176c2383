"""Elementary functions of arrays are the C library's to the last bit, whatever vectors a processor has."""

from __future__ import annotations

import json
import math
import re
from pathlib import Path

import numpy as np
import pytest

from edge_llm_agents.records.hashes import workloads_sha256
from edge_llm_env import draw_workloads, load_scenario
from edge_llm_env.support import elementary
from tests.support.programs.processes import run

NUMBERS = np.random.default_rng(0)
ABOVE_ZERO, ANY = np.exp(NUMBERS.normal(scale=3.0, size=20_000)), NUMBERS.normal(scale=8.0, size=20_000)

LONG_VECTORS = "X86_V4 AVX512_ICL AVX512_SPR"
"""What NumPy calls vectors of 512 bits; it can be told to do without."""

PRESETS = ("carry-over", "nr-cell", "mobile-uplink", "agents-signals", "hotspot", "pi-cluster")
"""Of every kind of path loss, with roads, with signals and tools, and one whose times are of a fit."""

DRAWN = f"""
import json
from edge_llm_agents.records.hashes import workloads_sha256
from edge_llm_env import draw_workloads, load_scenario
print(json.dumps({{
    name: [load_scenario(name).fingerprint(), workloads_sha256(draw_workloads(load_scenario(name), 2, seed=0))]
    for name in {PRESETS!r}
}}))
"""

ELSEWHERE = {
    "radio/fading/gains.py": "of complex numbers NumPy has no long vectors",
    "engine/simulation.py": "rounded to whole octaves",
}
"""Files of the environments that use NumPy's own, and why they may."""


@pytest.mark.parametrize(
    ("ours", "of_one", "numbers"),
    [
        (elementary.exp, math.exp, ANY),
        (elementary.log, math.log, ABOVE_ZERO),
        (elementary.log10, math.log10, ABOVE_ZERO),
        (lambda values: elementary.power(10.0, values), lambda value: math.pow(10.0, value), ANY),
        (lambda values: elementary.power(values, -3.76), lambda value: math.pow(value, -3.76), ABOVE_ZERO),
        (lambda values: elementary.arctan2(values, ABOVE_ZERO), None, ANY),
    ],
)
def test_every_number_is_as_the_c_library_has_it(ours, of_one, numbers) -> None:
    one_by_one = (
        [math.atan2(y, x) for y, x in zip(numbers.tolist(), ABOVE_ZERO.tolist(), strict=True)]
        if of_one is None
        else [of_one(value) for value in numbers.tolist()]
    )
    assert ours(numbers).tolist() == one_by_one


def test_shapes_are_those_of_the_numbers() -> None:
    assert elementary.exp(np.zeros((2, 3))).tolist() == np.ones((2, 3)).tolist()
    assert elementary.exp(np.zeros((0, 4))).shape == (0, 4)
    assert elementary.power(np.full((3, 2), 4.0), 0.5).tolist() == np.full((3, 2), 2.0).tolist()
    assert elementary.power(2.0, np.array([[3.0]])).shape == (1, 1)
    assert float(elementary.log10(1000.0)) == math.log10(1000.0)
    assert elementary.exp(np.arange(6.0).reshape(2, 3).T).tolist() == [
        [math.exp(0.0), math.exp(3.0)],
        [math.exp(1.0), math.exp(4.0)],
        [math.exp(2.0), math.exp(5.0)],
    ]


def test_workloads_and_fingerprints_are_the_same_without_long_vectors() -> None:
    """It can only fail on a processor that has them."""
    ran = run("-W", "ignore", "-c", DRAWN, env={"NPY_DISABLE_CPU_FEATURES": LONG_VECTORS})
    assert ran.returncode == 0, ran.stderr
    here = {}
    for name in PRESETS:
        scenario = load_scenario(name)
        here[name] = [scenario.fingerprint(), workloads_sha256(draw_workloads(scenario, 2, seed=0))]
    assert json.loads(ran.stdout.splitlines()[-1]) == here


def test_environments_use_no_elementary_functions_of_numpy() -> None:
    root = Path(elementary.__file__).parents[1]
    used = set()
    for path in root.rglob("*.py"):
        name = path.relative_to(root).as_posix()
        if not name.startswith("inference/validation/") and re.search(
            r"np\.(exp|exp2|expm1|log|log2|log10|log1p|power|float_power|arctan2|tan|tanh|cbrt)\(", path.read_text()
        ):
            used.add(name)
    assert used == set(ELSEWHERE)
