"""One table in all its forms."""

import csv

import pytest

from edge_llm_env.support.tables import Table

TABLE = Table(
    ("policy", "requests/s", "from"),
    [("DFTSP", "8.50 [8.1, 8.9]", "paper"), ("a|b", "–", "50 % & more"), ("NoB", "-1", "–")],
)


def test_markdown_aligns_columns_of_numbers_to_the_right_and_escapes_bars() -> None:
    assert TABLE.markdown() == (
        "| policy | requests/s | from |\n| --- | ---: | --- |\n| DFTSP | 8.50 [8.1, 8.9] | paper |\n"
        "| a\\|b | – | 50 % & more |\n| NoB | -1 | – |"
    )


def test_text_has_columns_as_wide_as_their_widest_cell() -> None:
    assert TABLE.text().splitlines() == [
        "policy       requests/s  from",
        "DFTSP   8.50 [8.1, 8.9]  paper",
        "a|b                   –  50 % & more",
        "NoB                  -1  –",
    ]


def test_csv_reads_back() -> None:
    assert list(csv.reader(TABLE.csv().splitlines())) == [list(TABLE.headings), *map(list, TABLE.rows)]


def test_latex_escapes_what_it_would_read_otherwise() -> None:
    assert TABLE.latex() == "\n".join(
        [
            r"\begin{tabular}{lrl}", r"\toprule", r"policy & requests/s & from \\", r"\midrule",
            r"DFTSP & 8.50 [8.1, 8.9] & paper \\", r"a|b & -- & 50 \% \& more \\", r"NoB & -1 & -- \\",
            r"\bottomrule", r"\end{tabular}",
        ]
    )  # fmt: skip


def test_the_first_column_and_one_without_a_number_are_words() -> None:
    assert Table(("1", "2", "3"), [("1", "", "1"), ("2", "–", "a")]).markdown().splitlines()[1] == "| --- | --- | --- |"


def test_a_table_may_have_no_rows_but_none_of_another_length() -> None:
    assert Table(("a", "b"), []).text() == "a  b"
    with pytest.raises(ValueError, match=r"row \['x'\]: has 1 cells, must have 2"):
        Table(("a", "b"), [("x",)])
