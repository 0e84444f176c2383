"""The folder of a calibrated machine, and a scenario on it."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from edge_llm_agents.machine.backends.points import Measurement
from edge_llm_env.inference.catalog import load_device
from edge_llm_env.inference.mechanisms.chosen import NONE
from edge_llm_env.scenarios import Scenario, load_scenario
from edge_llm_env.support.checking.problems import first_line
from edge_llm_env.support.system.files import write_text

DEVICE, ENGINE, ABOUT = "device.toml", "engine.toml", "calibration.json"
"""Files of the folder."""


class Calibrated(BaseModel):
    """What was calibrated, as `calibration.json` has it beside what was measured."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    decoder: str
    """As `node.decoder` names it; a file of the folder itself by its name alone."""
    backend: str
    precision: str
    torch_device: str
    threads: int
    clock: str
    batch: int
    tokens: int

    def check_torch(self) -> None:
        """Raise ValueError where it is not the decoder of this suite that was measured: it alone runs schedules."""
        if self.backend != "torch":
            raise ValueError(
                f"machine: was calibrated with {self.backend}: must be with torch, whose decoder runs here"
            )


class _Point(BaseModel):
    model_config = ConfigDict(allow_inf_nan=False)

    held_out: bool
    error: float


class _Measured(BaseModel):
    """How far off predictions were, as `calibration.json` has it."""

    model_config = ConfigDict(allow_inf_nan=False)

    batch: int
    tokens: int
    interval: float
    slowdown: float
    points: list[_Point]


_Read = TypeVar("_Read", bound=BaseModel)


def _read(folder: Path, kind: type[_Read]) -> _Read:
    try:
        return kind.model_validate_json((folder / ABOUT).read_bytes())
    except OSError as error:
        raise ValueError(f"machine = {folder}: {error.strerror}; edge-llm calibrate writes one") from None
    except ValidationError as error:
        raise ValueError(f"machine = {folder / ABOUT}: {first_line(error, kind)}") from None


def write_calibrated(
    folder: Path, about: Calibrated, errors: Sequence[tuple[Measurement, float]], interval: float, slowdown: float
) -> None:
    """Write what was calibrated and measured. Raises OSError."""
    decoder = Path(about.decoder)
    named = decoder.name if decoder.parent == folder else about.decoder
    points = [
        one.point._asdict() | {"seconds": one.seconds, "repetitions": len(one.times_s), "error": error}
        for one, error in errors
    ]
    content = about.model_dump() | {"decoder": named, "interval": interval, "slowdown": slowdown, "points": points}
    write_text(folder / ABOUT, json.dumps(content, indent=1) + "\n")


def read_calibrated(folder: Path) -> Calibrated:
    """What was calibrated; ValueError where the folder has none."""
    about = _read(folder, Calibrated)
    inside = folder / about.decoder
    return about.model_copy(update={"decoder": str(inside.absolute())}) if inside.is_file() else about


def calibration_errors(folder: Path) -> dict[str, Any]:
    """How far off predictions of the measured points were; ValueError where the folder does not say it."""
    measured = _read(folder, _Measured)
    errors: dict[bool, list[float]] = {True: [], False: []}
    for point in measured.points:
        errors[point.held_out].append(abs(point.error))
    return {
        "most_batch": measured.batch,
        "most_tokens": measured.tokens,
        "fitted_points": len(errors[False]),
        "fitted_largest_error": max(errors[False], default=0.0),
        "held_out_points": len(errors[True]),
        "held_out_largest_error": max(errors[True], default=0.0),
        "interval": measured.interval,
        "slowdown": measured.slowdown,
    }


def margin_on(folder: Path, margin: float | None) -> float:
    """The margin that is given, a share; or what the calibration was off by and the machine slower at times.

    The former is the largest factor, either way, between predicted and measured times of the points held out, or of
    those fitted to where none was. Raises ValueError as `calibration_errors`.
    """
    if margin is not None:
        return margin
    measured = _read(folder, _Measured)
    points = [one for one in measured.points if one.held_out] or measured.points
    off = max((abs(math.log1p(one.error)) for one in points), default=0.0)
    return math.exp(off) * (1.0 + measured.slowdown) - 1.0


def scenario_on(folder: Path, scenario: str | Path | Scenario, **overrides: Any) -> Scenario:
    """A scenario whose node is the calibrated machine: one module of it, which pads nothing.

    Raises ValueError where the folder has none, and ScenarioError where the machine cannot serve the scenario or the
    scenario has mechanisms, which the decoder of this suite lacks.
    """
    about = read_calibrated(folder)
    on = {
        "node.device": str((folder / DEVICE).absolute()),
        "node.engine": str((folder / ENGINE).absolute()),
        "node.decoder": about.decoder,
        "node.precision": about.precision,
        "node.perplexity_increase": 0.0,
        "node.modules": 1,
        "node.memory_bytes_per_module": load_device(str((folder / DEVICE).absolute())).memory_bytes,
        "node.cost_model": "roofline",
        "node.prompt_padding": "none",
        "node.output_length": "per_request",
    }
    loaded = load_scenario(scenario, **(on | overrides))
    if loaded.node.mechanisms != NONE or loaded.node.pruning is not None or loaded.network is not None:
        raise ValueError(f"scenario {loaded.name}: must have one node without mechanisms, to be played on a machine")
    return loaded
