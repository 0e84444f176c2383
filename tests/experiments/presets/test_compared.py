"""What pages say of recorded comparisons."""

from __future__ import annotations

from edge_llm_env import list_scenarios
from experiments.pages.recorded import recorded
from experiments.pages.scenarios import findings_elsewhere, measuring_command, other_command
from experiments.presets.compared import comparing_command, findings_of_comparison
from experiments.presets.reported import beside_reported


def test_a_bound_on_fewer_workloads_says_so():
    record = recorded("compare-scaling-diurnal-rack")
    assert "\n| hindsight bound, of the first 20 |" in findings_of_comparison(record).text
    alike = record | {"settings": record["settings"] | {"episodes": 20}}
    assert "\n| hindsight bound |" in findings_of_comparison(alike).text


def test_without_hindsight_there_is_no_gap():
    record = recorded("compare-multinode-edge-cloud")
    found = findings_of_comparison(record)
    assert "gap" not in found.text
    assert "\n| policy | requests/s | % of joint optimum of the epoch | on time % |\n" in found.text
    assert found.command.endswith("--episodes 2 --hindsight-episodes 0")


def test_a_command_trains_where_the_recorded_comparison_did():
    record = recorded("compare-compute-specialists-compute")
    said = "edge-llm compare --env EdgeLLM/Compute-v0 --scenario specialists-compute"
    counts = " --episodes 20 --hindsight-episodes 4"
    assert findings_of_comparison(record).command == said + counts
    without = record | {"settings": record["settings"] | {"no_train": True}}
    assert findings_of_comparison(without).command == f"{said} --no-train{counts}"
    assert "\n| hindsight schedule, of the first 4 |" in findings_of_comparison(record).text


def test_a_preset_is_measured_where_it_can_be_played():
    assert other_command("carry-over") is None
    assert "pages.py scenarios" in measuring_command("carry-over")
    assert "benchmark.py tasks" in measuring_command("agents-signals")
    assert "benchmark.py schedules" in measuring_command("agents-chain-continuous")
    for env_id, preset in (("MultiNode", "two-cells"), ("Scaling", "grouped-rack"), ("ServiceLevel", "specialists")):
        assert other_command(preset) == comparing_command(f"EdgeLLM/{env_id}-v0", preset)


def test_what_is_measured_elsewhere_is_of_presets():
    assert findings_elsewhere().keys() <= set(list_scenarios())


def test_networks_whose_nodes_keep_their_models_are_solved_by_gah():
    assert "Solved by GAH: " in findings_of_comparison(recorded("compare-multinode-hotspot")).text
    assert "Left to the solver: " in findings_of_comparison(recorded("compare-multinode-edge-cloud")).text
    for other in ("compare-multinode-placement", "compare-scaling-diurnal-rack"):
        assert "Solved by GAH" not in findings_of_comparison(recorded(other)).text


def test_what_gah_gains_stands_beside_what_a_paper_reports():
    served = {"optimum": 90.0, "GAH": 85.0, "near": 60.0, "other": 70.0, "random": 80.0}
    policies = [{"policy": policy, "on_time_percent": percent} for policy, percent in served.items()]
    settings = {"env_id": "EdgeLLM/MultiNode-v0", "episodes": 5, "hindsight_episodes": 0}
    one = {"policies": policies, "oracle": "optimum", "settings": settings}
    text = beside_reported({"field": "workload.arrivals.rate_per_s", "values": [10], "comparisons": [one]})
    assert "6.5 above its heuristic" in text
    assert "\n| policy | 30 users |\n" in text
    for said in ("With 30 users GAH is 15.0 points above", "(other; ", "and 5.0 below"):
        assert said in text
