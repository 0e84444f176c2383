"""NodeState of the three public formats, as their publishers write them, and rows that are wrong."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from edge_llm_env.traces.formats import FORMATS, MAX_TOKENS, TraceError
from edge_llm_env.traces.reading import Left, TraceKind, read_requests

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


def read(folder: Path, text: str | bytes, kind: TraceKind, skip: bool = False) -> tuple[list[tuple], Left]:
    path = folder / "trace"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    left = Left()
    return [tuple(request) for request in read_requests(path, kind, skip, left)], left


def error_of(folder: Path, text: str | bytes, kind: TraceKind) -> str:
    with pytest.raises(TraceError) as caught:
        read(folder, text, kind)
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
    assert (left.failed, left.skipped) == (1, 0)


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
        ("2023-11-15,10,10", "TIMESTAMP = '2023-11-15': must not be before that of the row above"),
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
    assert (left.failed, left.skipped) == (0, 1)


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
    ],
)
def test_malformed_json_line_is_an_error_with_its_line(tmp_path: Path, line: str, complaint: str):
    assert f"trace, line 3: {complaint}" in error_of(tmp_path, f"{MOONCAKE}{line}\n", "mooncake")
    assert read(tmp_path, f"{MOONCAKE}{line}\n", "mooncake", skip=True)[1].skipped == 1


@pytest.mark.parametrize("skip", [False, True])
def test_missing_columns_are_an_error_even_where_rows_are_skipped(tmp_path: Path, skip: bool):
    path = tmp_path / "trace"
    path.write_text("TIMESTAMP,Tokens\n2023-11-16,1\n")
    with pytest.raises(TraceError) as caught:
        list(read_requests(path, "azure", skip, Left()))
    complaint = "line 1: lacks ContextTokens, GeneratedTokens; columns are 'TIMESTAMP, Tokens'"
    assert str(caught.value) == f"trace {path}, {complaint}"


@pytest.mark.parametrize("kind", FORMATS)
def test_file_that_is_not_text_is_an_error_of_its_first_line(tmp_path: Path, kind: TraceKind):
    assert "trace, line 1: " in error_of(tmp_path, b"\x1f\x8b\x08\x00\xff\xfe\xfd" * 100, kind)
