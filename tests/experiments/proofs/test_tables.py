from __future__ import annotations

from experiments.proofs.tables import roofline_agreement_table


def test_each_kind_of_decoder_stands_with_what_every_solver_did_and_what_was_wrong():
    counts = {"instances": 4000, "not all can be served": 3999, "BranchAndBound": 4000, "HiGHS": 4000}
    table = roofline_agreement_table({"decoders": [{"decoder": "plain heads", "counts": counts, "wrong": ["one"]}]})
    assert table.rows == [("plain heads", "4,000", "4,000", "0", "4,000", "0", "1")]
    assert len(table.headings) == len(table.rows[0])
