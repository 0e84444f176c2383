"""What pages say of recorded comparisons of racks."""

from __future__ import annotations

from experiments.learning.rack_tables import findings_of_comparison
from experiments.pages.recorded import recorded


def test_a_bound_on_fewer_workloads_says_so():
    record = recorded("compare-scaling-diurnal-rack")
    assert "\n| hindsight bound, of the first 20 |" in findings_of_comparison("diurnal-rack", record).text
    alike = record | {"settings": record["settings"] | {"episodes": 20}}
    assert "\n| hindsight bound |" in findings_of_comparison("diurnal-rack", alike).text
