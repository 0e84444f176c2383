"""NodeState of the three public formats, as their publishers write them, and rows that are wrong."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from edge_llm_env.traces.parsing.columns import MAX_TOKENS, LeftOut, read_requests
from edge_llm_env.traces.parsing.errors import TraceError
from edge_llm_env.traces.parsing.formats import FORMATS, TraceKind
from edge_llm_env.traces.parsing.opening import LONGEST_LINE
from edge_llm_env.traces.parsing.units import TimeUnit
from edge_llm_env.traces.reading import load_trace

AZURE_2023 = """TIMESTAMP,ContextTokens,GeneratedTokens
2023-11-16 18:15:46.6805900,374,44
2023-11-16 18:15:50.9951690,396,109
"""
AZURE_2024 = """TIMESTAMP,ContextTokens,GeneratedTokens
2024-05-10 00:00:00.009930+00:00,2162,5
2024-05-10 00:00:02+00:00,2399,6
2024-05-10 02:00:03.5+02:00,76,15
"""
BURSTGPT = """Timestamp,Model,Request tokens,Response tokens,Total tokens,Log Type
5,ChatGPT,472,18,490,Conversation log
45.5,ChatGPT,1087,230,1317,Conversation log
118,GPT-4,417,0,417,API log
118,GPT-4,417,276,693,"Conversation log"
"""
MOONCAKE = """{"timestamp": 0, "input_length": 6758, "output_length": 500, "hash_ids": [0, 1, 2]}
{"timestamp": 27482, "input_length": 6955, "output_length": 52, "hash_ids": [3]}
"""


def read(
    folder: Path, text: str | bytes, kind: TraceKind, skip: bool = False, unit: TimeUnit | None = None
) -> tuple[list[tuple], LeftOut]:
    path = folder / "trace"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    left, written = LeftOut(), FORMATS[kind]
    return [tuple(request) for _, request in read_requests(path, written, unit or written.unit, skip, left)], left


def error_of(folder: Path, text: str | bytes, kind: TraceKind) -> str:
    (folder / "trace").write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(TraceError) as caught:
        load_trace(folder / "trace", kind)
    message = str(caught.value)
    assert "\n" not in message
    assert message.startswith(f"trace {folder / 'trace'}")
    return message


def test_azure_of_2023(tmp_path: Path):
    requests, _ = read(tmp_path, AZURE_2023, "azure")
    first = datetime(2023, 11, 16, 18, 15, 46, 680590, tzinfo=UTC).timestamp()
    assert requests == [(pytest.approx(first), 374, 44), (pytest.approx(first + 4.314579, abs=2e-6), 396, 109)]


def test_azure_of_2024_has_time_zones_and_whole_seconds(tmp_path: Path):
    requests, _ = read(tmp_path, AZURE_2024, "azure")
    midnight = datetime(2024, 5, 10, tzinfo=UTC).timestamp()
    seconds = [time_s - midnight for time_s, _, _ in requests]
    assert seconds == pytest.approx([0.00993, 2.0, 3.5], abs=2e-6)
    assert [request[1:] for request in requests] == [(2162, 5), (2399, 6), (76, 15)]


def test_burstgpt_requests_without_an_answer_have_failed(tmp_path: Path):
    requests, left = read(tmp_path, BURSTGPT, "burstgpt")
    assert requests == [(5.0, 472, 18), (45.5, 1087, 230), (118.0, 417, 276)]
    assert (left.failed, left.empty, left.malformed) == (1, 0, 0)


def test_mooncake_counts_milliseconds(tmp_path: Path):
    requests, _ = read(tmp_path, MOONCAKE, "mooncake")
    assert requests == [(0.0, 6758, 500), (27.482, 6955, 52)]


def test_columns_are_found_by_name_wherever_they_stand(tmp_path: Path):
    text = '\ufeff"GeneratedTokens", TIMESTAMP ,region,ContextTokens\r\n44,2023-11-16 18:15:46,"a, b",374\r\n\r\n'
    requests, _ = read(tmp_path, text, "azure")
    assert requests == [(datetime(2023, 11, 16, 18, 15, 46, tzinfo=UTC).timestamp(), 374, 44)]


def test_equal_times_are_those_of_a_coarse_clock(tmp_path: Path):
    text = "Timestamp,Request tokens,Response tokens\n7,1,2\n7,3,4\n7,1,2\n"
    assert read(tmp_path, text, "burstgpt")[0] == [(7.0, 1, 2), (7.0, 3, 4), (7.0, 1, 2)]


@pytest.mark.parametrize("kind", FORMATS)
def test_every_format_says_where_it_is_public(kind: TraceKind):
    assert FORMATS[kind].home.startswith("https://github.com/")


@pytest.mark.parametrize(
    ("row", "complaint"),
    [
        ("yesterday,10,10", "TIMESTAMP = 'yesterday': must be a time"),
        ("2023-13-01 00:00:00,10,10", "TIMESTAMP = '2023-13-01 00:00:00': must be a time"),
        (",10,10", "TIMESTAMP = '': must be a time"),
        ("2023-11-17,ten,10", f"ContextTokens = 'ten': must be a whole number of tokens from 1 to {MAX_TOKENS}"),
        ("2023-11-17,0,10", "ContextTokens = '0': must be a whole number of tokens from 1 to"),
        ("2023-11-17,10,-3", "GeneratedTokens = '-3': must be a whole number of tokens from 1 to"),
        ("2023-11-17,10,0", "GeneratedTokens = '0': must be a whole number of tokens from 1 to"),
        ("2023-11-17,10,9999999999", "GeneratedTokens = '9999999999': must be a whole number of tokens from 1 to"),
        ("2023-11-17,10.5,10", "ContextTokens = '10.5': must be a whole number"),
        ("2023-11-17,10", "has 2 values: must have 3"),
        ("2023-11-17,10,10,10", "has 4 values: must have 3"),
        ('2023-11-17,"10,10', "unexpected end of data"),
        (f"2023-11-17,{'9' * 5000},10", "..."),
    ],
)
def test_malformed_row_is_an_error_with_its_line_or_skipped_and_counted(tmp_path: Path, row: str, complaint: str):
    text = f"TIMESTAMP,ContextTokens,GeneratedTokens\n2023-11-16,1,2\n\n{row}\n2023-11-18,3,4\n"
    message = error_of(tmp_path, text, "azure")
    assert f"trace, line 4: {complaint}" in message or (complaint == "..." and len(message) < 400)
    assert message.endswith("(skip_bad_rows leaves such rows out)")
    requests, left = read(tmp_path, text, "azure", skip=True)
    assert [request[1:] for request in requests] == [(1, 2), (3, 4)]
    assert (left.failed, left.empty + left.malformed) == (0, 1)
    assert left.empty == ("'0'" in complaint)
    assert left.first_bad.startswith("line 4: ")


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("{", "must be a JSON object"),
        ("[1, 2, 3]", "must be a JSON object"),
        ("[" * 100_000, "must be a JSON object"),
        ('{"timestamp": 1, "input_length": 2}', "lacks output_length; keys are 'timestamp, input_length'"),
        ('{"timestamp": null, "input_length": 2, "output_length": 3}', "timestamp = None: must be a time"),
        ('{"timestamp": NaN, "input_length": 2, "output_length": 3}', "timestamp = nan: must be a time"),
        ('{"timestamp": 1, "input_length": 2.5, "output_length": 3}', "input_length = 2.5: must be a whole number"),
        ('{"timestamp": 1, "input_length": true, "output_length": 3}', "input_length = True: must be a whole number"),
        ('{"timestamp": true, "input_length": 2, "output_length": 3}', "timestamp = True: must be a time"),
        (f'{{"timestamp": {10**400}, "input_length": 2, "output_length": 3}}', "timestamp = 1000"),
        (f'{{"timestamp": 1, "input_length": {"9" * 5000}, "output_length": 3}}', "Exceeds the limit"),
        ('"timestamp input_length output_length"', "must be a JSON object"),
        (
            '{"timestamp": 1, "timestamp": 5, "input_length": 2, "output_length": 3}',
            "has the key 'timestamp' more than once",
        ),
    ],
)
def test_malformed_json_line_is_an_error_with_its_line(tmp_path: Path, line: str, complaint: str):
    assert f"trace, line 3: {complaint}" in error_of(tmp_path, f"{MOONCAKE}{line}\n", "mooncake")
    assert read(tmp_path, f"{MOONCAKE}{line}\n", "mooncake", skip=True)[1].malformed == 1


@pytest.mark.parametrize("skip", [False, True])
def test_missing_columns_are_an_error_even_where_rows_are_skipped(tmp_path: Path, skip: bool):
    path = tmp_path / "trace"
    path.write_text("TIMESTAMP,Tokens\n2023-11-16,1\n")
    with pytest.raises(TraceError) as caught:
        load_trace(path, "azure", skip_bad_rows=skip)
    complaint = "line 1: lacks ContextTokens, GeneratedTokens; columns are 'TIMESTAMP, Tokens'"
    assert str(caught.value) == f"trace {path}, {complaint}"


@pytest.mark.parametrize("kind", FORMATS)
def test_file_that_is_not_text_is_an_error_of_its_first_line(tmp_path: Path, kind: TraceKind):
    assert "trace, line 1: " in error_of(tmp_path, b"\x7fELF\x08\x01\xff\xfe\xfd" * 100, kind)


@pytest.mark.parametrize(
    ("unit", "text"),
    [
        ("seconds", '0.0 "0.5" 600.0'),
        ("milliseconds", "0 500 600000"),
        ("microseconds", "0 500000 600000000"),
        ("nanoseconds", "0 500000000 600000000000"),
        ("date", '"1970-01-01" "1970-01-01T00:00:00.5" "1970-01-01T01:10:00+01:00"'),
    ],
)
def test_times_are_read_in_the_unit_asked_for(tmp_path: Path, unit: TimeUnit, text: str):
    rows = [f'{{"timestamp": {time}, "input_length": 2, "output_length": 3}}' for time in text.split()]
    requests, _ = read(tmp_path, "\n".join(rows), "mooncake", unit=unit)
    assert [time_s for time_s, _, _ in requests] == [0.0, 0.5, 600.0]


def test_a_time_that_is_not_of_the_unit_says_what_it_must_be(tmp_path: Path):
    with pytest.raises(TraceError) as caught:
        read(tmp_path, AZURE_2023, "azure", unit="milliseconds")
    assert "must be a time, as a number of milliseconds (time_unit sets another)" in str(caught.value)
    with pytest.raises(TraceError, match="must be a time, as a date and time in ISO 8601"):
        read(tmp_path, BURSTGPT, "burstgpt", unit="date")


def test_a_column_twice_is_refused(tmp_path: Path):
    text = "TIMESTAMP,ContextTokens,note,GeneratedTokens,ContextTokens,note\n2023-11-16,1,a,2,3,b\n"
    assert "trace, line 1: has the column 'ContextTokens, note' more than once" in error_of(tmp_path, text, "azure")


def test_columns_without_a_name_may_be_several(tmp_path: Path):
    text = "TIMESTAMP,,ContextTokens,,GeneratedTokens\n2023-11-16,7,1,8,2\n"
    assert read(tmp_path, text, "azure")[0][0][1:] == (1, 2)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_line_ends_and_byte_order_marks_make_no_difference(tmp_path: Path, end: str, mark: str):
    assert read(tmp_path, mark + BURSTGPT.replace("\n", end), "burstgpt") == read(tmp_path, BURSTGPT, "burstgpt")


def test_bytes_that_are_no_utf8_matter_only_where_they_are_read(tmp_path: Path):
    text = "Timestamp,Model,Request tokens,Response tokens\n1,caf\xe9,2,3\n2,a,4,5\n".encode("latin-1")
    assert read(tmp_path, text, "burstgpt")[0] == [(1.0, 2, 3), (2.0, 4, 5)]
    assert "Request tokens = '\ufffd'" in error_of(tmp_path, text.replace(b",4,", b",\xe9,"), "burstgpt")


def test_a_line_without_an_end_is_malformed_and_counted_once(tmp_path: Path):
    long = "9" * (3 * LONGEST_LINE)
    text = f"Timestamp,Request tokens,Response tokens\n1,2,3\n{long}\n4,5,6\n{long}"
    complaint = f"trace, line 3: is longer than {LONGEST_LINE} characters"
    assert complaint in error_of(tmp_path, text, "burstgpt")
    requests, left = read(tmp_path, text, "burstgpt", skip=True)
    assert requests == [(1.0, 2, 3), (4.0, 5, 6)]
    assert left.malformed == 2


def test_a_quoted_field_past_the_limit_of_csv_is_a_malformed_row(tmp_path: Path):
    text = f'Timestamp,Model,Request tokens,Response tokens\n1,"{"x" * 200_000}",2,3\n'
    assert "line 2: field larger than field limit (131072)" in error_of(tmp_path, text, "burstgpt")


def test_a_quote_does_not_swallow_the_next_row(tmp_path: Path):
    text = 'Timestamp,Model,Request tokens,Response tokens\n1,"a,2,3\n4,"b, ""c""",5,6\n'
    requests, left = read(tmp_path, text, "burstgpt", skip=True)
    assert (requests, left.malformed) == ([(4.0, 5, 6)], 1)
