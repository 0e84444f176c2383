"""What the comparison's page says and needs; `test_html_in_a_browser` opens it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from edge_llm_agents.comparison.records import Comparison
from edge_llm_agents.report import html_report
from edge_llm_agents.report.html_report import check_html_report, key_figures
from edge_llm_baselines.hindsight.hindsight import HindsightBounds
from edge_llm_env import Scenario, load_scenario
from tests.edge_llm_agents.comparison.roll_outs import compared, roll_out_of


def of(scenario: Scenario, *others: str, settings: dict[str, Any] | None = None) -> Comparison:
    """DFTSP, policies of those names and hindsight, compared."""
    hindsight = HindsightBounds(served=np.array([430]), upper_bound=np.array([450]), seconds=1.0)
    served = {"DFTSP": [400, 410, 390]} | {name: [410 + at, 395, 420] for at, name in enumerate(others)}
    roll_outs = {name: roll_out_of(one, epochs=50, decision_s=5e-5, used=0.25) for name, one in served.items()}
    return compared(scenario, roll_outs, hindsight, settings)


def test_figures_at_the_head_by_hand() -> None:
    figures = {
        label: (figure, what) for label, figure, what in key_figures(of(load_scenario("carry-over"), "look-ahead"))
    }
    # DFTSP serves 1200 in 3 · 50 · 2 s; look-ahead 1225, and of the gap 450 - 400 on the first workload 10
    assert figures == {
        "DFTSP serves": ("4.00/s", "mean of 3 workloads"),
        "best policy": ("102.1 %", "of DFTSP: look-ahead"),
        "no policy exceeds": ("112.5 %", "on 1 of the workloads"),
        "of the gap to that bound": ("20 %", "closed by look-ahead"),
    }


def test_without_plotly_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(html_report, "find_spec", lambda name: None if name == "plotly" else object())
    with pytest.raises(ValueError, match=r'plotly is not installed: pip install "edge-llm-env\[plots\]"'):
        check_html_report()
