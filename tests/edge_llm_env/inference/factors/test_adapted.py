from __future__ import annotations

import numpy as np

from edge_llm_env.inference.catalog import load_decoder, load_device, load_engine, load_precision
from edge_llm_env.inference.factors.effects import OF_A_MACHINE
from edge_llm_env.inference.factors.fitted import fitted_effects, iteration_s
from edge_llm_env.inference.factors.measured import Measured, adapted
from edge_llm_env.inference.factors.rows import Case

CASE = Case(load_decoder("llama-3-8b"), load_precision("w4a16-awq"), load_device("rtx-3090"), load_engine("tinychat"))


def pass_s(known: dict[str, float]) -> float:
    cost = iteration_s(CASE, known)
    return cost.of_pass(contexts=[512])


def test_a_measurement_that_is_far_off_is_believed():
    expected = pass_s(dict(fitted_effects()))
    for ratio in (0.5, 0.8, 1.0, 1.25, 2.0):
        given = Measured(metric="decode", seconds=ratio * expected, tokens=512)
        reached = pass_s(dict(adapted(CASE, [given], fitted_effects())))
        # The machine's own effects have a spread of some 25 %, the measurement of 5 %.
        assert abs(np.log(reached / (ratio * expected))) <= 0.15 * abs(np.log(ratio)) + 1e-3


def test_only_effects_of_the_machine_move():
    given = Measured(metric="decode", seconds=0.5, tokens=512)
    changed = adapted(CASE, [given], fitted_effects())
    for name, value in fitted_effects().items():
        if name.split("/")[1:2] and name.split("/")[1] in OF_A_MACHINE:
            continue
        assert abs(np.log(changed[name] / value)) < 1e-3, name
