from __future__ import annotations

from typing import Any

import pytest

from edge_llm_env.inference.catalog import load_efficiency, table
from edge_llm_env.inference.efficiency import Efficiency
from edge_llm_env.inference.validation.fitting import fitted
from edge_llm_env.inference.validation.measurements import (
    Measurement,
    paper_prediction,
    published_measurements,
    roofline_prediction,
)
from edge_llm_env.inference.validation.report import _predicted_by_the_others, as_text, validation_report

ROWS = published_measurements()
FITTED = {
    "decode": ("decode_compute", "decode_bandwidth", "step_overhead_s", "sequence_overhead_s"),
    "prefill": ("prefill_compute", "prefill_overhead_s"),
    "memory": ("runtime_bytes",),
}


@pytest.fixture(scope="module")
def report() -> dict[str, Any]:
    return validation_report()


def row(**fields: Any) -> Measurement:
    """The one row with these values."""
    (found,) = (one for one in ROWS if fields.items() <= one._asdict().items())
    return found


def mean_error(metric: str, efficiency: Efficiency) -> float:
    rows = [one for one in ROWS if one.metric == metric]
    return sum(abs(roofline_prediction(one, efficiency) / one.value - 1) for one in rows) / len(rows)


def test_every_measurement_has_a_source_and_is_of_the_catalogue():
    assert len(ROWS) == 103
    for one in ROWS:
        assert one.decoder in table("decoders")
        assert one.device in table("devices")
        assert one.precision in table("precisions")
        assert one.metric in FITTED
        assert one.value > 0
        assert one.tokens > 0
        assert len(one.source) > 10
        assert len(one.runtime) > 2


def test_published_values_become_seconds_and_bytes():
    # 151.5 tokens/s of a batch of 8 are steps of 8/151.5 s
    eight = row(decoder="qwen3-8b", device="jetson-agx-orin-64gb", batch=8, metric="decode", tokens=55)
    assert eight.value == pytest.approx(0.0528, abs=1e-4)
    # 1024 tokens at 9056 tokens/s; 32.53 ms; 8221 MB
    assert row(device="rtx-4090", metric="prefill").value == pytest.approx(1024 / 9056)
    assert row(decoder="llama-3-8b", device="jetson-agx-orin-64gb", precision="w4a16-awq", metric="decode").value == (
        pytest.approx(0.03253)
    )
    assert row(decoder="qwen3-8b", device="jetson-agx-orin-64gb", batch=1, metric="memory").value == 8.221e9


def test_memory_of_qwen3_8b_by_hand():
    # per layer 4096·128·(64 + 16) + 3·4096·12 288 = 192 937 984 weights at 4.25 bits, 36 layers: 3 689 938 944 bytes;
    # two tables of 151 936·4096·2 = 1 244 659 712 bytes; KV 2·36·8·128·2 = 147 456 bytes for each of 2200 tokens
    one = row(decoder="qwen3-8b", device="jetson-agx-orin-64gb", batch=8, metric="memory")
    expected = 3_689_938_944 + 2 * 1_244_659_712 + 8 * 2200 * 147_456 + load_efficiency().runtime_bytes
    assert roofline_prediction(one, load_efficiency()) == pytest.approx(expected, rel=1e-12)


def test_embeddings_that_a_runtime_stores_twice_are_counted_twice():
    # Qwen3-0.6B ties them; TensorRT Edge-LLM keeps the table beside the head: 151 936·1024·2 bytes more
    one = row(decoder="qwen3-0.6b", device="jetson-agx-orin-64gb", batch=1, metric="memory")
    once = one._replace(separate_embeddings=False)
    efficiency = load_efficiency()
    assert roofline_prediction(one, efficiency) - roofline_prediction(once, efficiency) == 151_936 * 1024 * 2


def test_a_decode_row_is_one_step_at_its_context():
    one = row(decoder="llama-3-8b", device="rtx-3090", metric="decode")
    assert one.tokens == 512
    efficiency = load_efficiency()
    # Llama-3-8B reads 7 504 658 432 weights of 2 bytes and 512·131 072 bytes of KV cache;
    # it takes 2 FLOPs per weight and 4·32·32·128·512 for attention
    expected = (
        (15_009_316_864 + 268_435_456) / (efficiency.decode_compute * 71e12)
        + (15_009_316_864 + 67_108_864) / (efficiency.decode_bandwidth * 936e9)
        + efficiency.step_overhead_s
        + efficiency.sequence_overhead_s
    )
    assert roofline_prediction(one, efficiency) == pytest.approx(expected, rel=1e-9)


def test_the_paper_s_model_counts_flops_alone():
    # L(8d² + 4df + 4·c·d) at context 512: 32·(134 217 728 + 234 881 024 + 8 388 608) FLOPs over 71e12/s
    one = row(decoder="llama-3-8b", device="rtx-3090", metric="decode")
    assert paper_prediction(one) == pytest.approx(32 * 377_487_360 / 71e12, rel=1e-12)


def test_the_catalogue_s_parameters_are_what_the_fit_gives():
    fit, catalogue = fitted(ROWS, load_efficiency()), load_efficiency()
    for name, value in catalogue.model_dump().items():
        assert getattr(fit, name) == pytest.approx(value, rel=1e-3), name


@pytest.mark.parametrize(("metric", "name"), [(metric, name) for metric, names in FITTED.items() for name in names])
@pytest.mark.parametrize("change", [0.98, 0.999, 1.001, 1.02])
def test_no_change_of_a_parameter_lessens_the_error(metric: str, name: str, change: float):
    best = fitted(ROWS, load_efficiency())
    changed = best.model_copy(update={name: getattr(best, name) * change})
    assert mean_error(metric, changed) >= mean_error(metric, best) * (1 - 1e-9)


def test_the_bandwidth_of_prefill_is_at_its_bound():
    best = fitted(ROWS, load_efficiency())
    assert best.prefill_bandwidth == 1.0
    assert mean_error("prefill", best.model_copy(update={"prefill_bandwidth": 0.98})) >= mean_error("prefill", best)


def test_the_fit_recovers_the_parameters_that_made_the_values():
    truth = load_efficiency().model_copy(
        update={
            "prefill_compute": 0.4, "prefill_bandwidth": 0.7, "prefill_overhead_s": 0.01, "decode_compute": 0.3,
            "decode_bandwidth": 0.6, "step_overhead_s": 0.002, "sequence_overhead_s": 1e-4, "runtime_bytes": 7e8,
        }
    )  # fmt: skip
    made = [one._replace(value=roofline_prediction(one, truth)) for one in ROWS]
    assert fitted(made, load_efficiency()).model_dump() == pytest.approx(truth.model_dump(), rel=1e-6)


def test_a_metric_without_rows_is_an_error():
    with pytest.raises(ValueError, match="measurements: none is of memory"):
        fitted([one for one in ROWS if one.metric != "memory"], load_efficiency())


def test_out_of_sample_predictions_do_not_depend_on_the_rows_that_they_predict():
    device = "jetson-agx-orin-64gb"
    spoilt = [one._replace(value=one.value * 5) if one.device == device else one for one in ROWS]
    honest = _predicted_by_the_others(ROWS, lambda one: one.device)
    again = _predicted_by_the_others(spoilt, lambda one: one.device)
    same = [a == b for a, b in zip(honest, again, strict=True)]
    assert all(equal for equal, one in zip(same, ROWS, strict=True) if one.device == device)
    assert sum(same) < len(ROWS)


def test_models_of_one_shape_and_power_modes_of_one_device_are_left_out_together(report: dict[str, Any]):
    def predicted(fit: str, decoder: str, device: str) -> list[float]:
        rows = [one for one in report["rows"] if (one["decoder"], one["device"]) == (decoder, device)]
        return [one["predicted"][fit] for one in rows if one["metric"] == "decode" and one["batch"] == 1]

    start = load_efficiency()
    without_llama_3 = fitted([one for one in ROWS if not one.decoder.startswith(("llama-3-8b", "llama-3.1-8b"))], start)
    (one,) = predicted("new_model", "llama-3.1-8b", "jetson-orin-nano-8gb")
    assert one == roofline_prediction(row(decoder="llama-3.1-8b", device="jetson-orin-nano-8gb"), without_llama_3)
    without_nano = fitted([one for one in ROWS if not one.device.startswith("jetson-orin-nano-8gb")], start)
    (one,) = predicted("new_device", "gemma-2-2b", "jetson-orin-nano-8gb-super")
    assert one == roofline_prediction(row(decoder="gemma-2-2b"), without_nano)


def test_the_error_is_within_its_targets(report: dict[str, Any]):
    in_sample = report["errors"]["fitted"]["all"]
    assert in_sample["decode, all"]["mape"] <= 0.12
    assert in_sample["prefill"]["mape"] <= 0.20
    assert in_sample["memory"]["mape"] <= 0.10
    out_of_sample = report["errors_on_agx_orin"]["new_model"]
    assert out_of_sample["decode, all"]["mape"] <= 0.20
    assert out_of_sample["prefill"]["mape"] <= 0.30


def test_the_roofline_model_is_closer_than_flops_alone(report: dict[str, Any]):
    for phase, error in report["errors"]["new_device"]["all"].items():
        assert error["mape"] < 0.5 * report["errors"]["paper"]["all"][phase]["mape"]


def test_errors_are_counted_once_per_row(report: dict[str, Any]):
    for part in report["errors"].values():
        whole = part["all"]
        assert whole["decode"]["rows"] + whole["decode, batch > 1"]["rows"] == whole["decode, all"]["rows"]
        for split in ("device", "precision"):
            for phase, entry in whole.items():
                assert sum(one[phase]["rows"] for one in part[split].values() if phase in one) == entry["rows"]
    first = report["rows"][0]
    assert first["error"]["fitted"] == pytest.approx(first["predicted"]["fitted"] / first["value"] - 1)


def test_the_text_has_every_device_precision_and_fit(report: dict[str, Any]):
    text = as_text(report)
    for name in {one.device for one in ROWS} | {one.precision for one in ROWS} | {"new_model", "new_device", "paper"}:
        assert f"\n{name} " in text
