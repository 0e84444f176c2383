from __future__ import annotations

from edge_llm_env import list_scenarios
from edge_llm_env.scenarios.loading import preset_content
from experiments.learning.rack_tables import Findings
from experiments.pages.scenarios import FOLDER, findings, scenario_pages, settings_table

MEASURED = {
    "fingerprint": "",
    "seed": 0,
    "episodes": 4,
    "epochs": 50,
    "arrivals_per_s": 0.5,
    "served": 900,
    "settled": 1200,
    "beyond_visible": 20,
    "utilisation": {"uplink": 0.01, "downlink": 0.02, "memory": 0.3, "compute": 0.7},
    "compute_per_batch": 0.5,
    "hindsight": {"episodes": 2, "dftsp": 400, "schedule": 430, "upper_bound": 440},
}


def test_every_preset_has_a_page_measured_or_not():
    pages = scenario_pages(
        {"carry-over": MEASURED}, {}, {}, {"feeder-rack": Findings("Much is earned.\n", "earn much")}
    )
    assert [file.stem for file in pages] == ["index", *list_scenarios()]
    unmeasured = [file.stem for file, page in pages.items() if "Not measured." in page]
    assert unmeasured == [name for name in list_scenarios() if name not in ("carry-over", "feeder-rack")]
    assert "\nMuch is earned.\n\n`earn much`\n" in pages[FOLDER / "feeder-rack.md"]
    overview = pages[FOLDER / "index.md"]
    assert (
        "| [`carry-over`](carry-over.md) | 0.50 | 75.0 | 1.0 | 2.0 | 30.0 | 70.0 | 50 | +7.5 % | +10.0 % |" in overview
    )
    assert all(f"[`{name}`]({name}.md)" in overview for name in list_scenarios())


def test_findings_in_words():
    text = findings(MEASURED)
    # 900 of 1200 requests, in 4 · 50 epochs; 430 and 440 against 400
    assert "DFTSP serves 75.0 % of the requests, 4.50 per epoch; compute is used most, 70 %" in text
    assert "0.10 requests per epoch wait" in text
    assert "schedule 430 (+7.5 %), and no policy more than 440 (+10.0 %)" in text


def test_findings_tell_one_decoder_from_modules_that_are_divided():
    hindsight = {"oracle": 1, "best_rule": "a", "best_rule_served": 1, "schedule": 1, "upper_bound": 1}
    served = {"best fixed partition": 100}
    partitions = {"best_fixed": {"a at b": 3}, "informed": [], "served": served, "hindsight": hindsight}
    text = findings(MEASURED | {"partitions": partitions})
    assert "`node.decoder` alone" in text
    assert "no policy of this decoder more than 440" in text
    assert "| best fixed partition: 3 × a at b | 100 | 100.0 |" in text


def test_settings_are_all_listed_with_their_source():
    for name in list_scenarios():
        content, table = preset_content(name), settings_table(name)
        for field, said in content["provenance"].items():
            (line,) = [line for line in table.splitlines() if line.startswith(f"| `{field}` |")]
            assert said["source"] in line
            assert line.endswith("| yes |" if said["assumed"] else "|  |")
