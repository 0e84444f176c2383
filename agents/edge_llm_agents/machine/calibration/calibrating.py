"""A machine calibrated: measured, fitted, and written into a folder."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from edge_llm_agents.machine.backends.llama_cpp import LlamaCppServer
from edge_llm_agents.machine.backends.passes import Backend, Passes
from edge_llm_agents.machine.backends.points import points_up_to
from edge_llm_agents.machine.backends.transformers_model import TransformersModel
from edge_llm_agents.machine.calibration.entries import write_device, write_engine
from edge_llm_agents.machine.calibration.fitting import Fit, fit
from edge_llm_agents.machine.calibration.folder import ABOUT, DEVICE, ENGINE, Calibrated, write_calibrated
from edge_llm_agents.machine.calibration.measuring import Measuring
from edge_llm_agents.machine.calibration.peaks import measured_peaks
from edge_llm_agents.machine.clocks import Clock
from edge_llm_agents.machine.decoder import TorchDecoder
from edge_llm_agents.machine.sizes import decoder_in
from edge_llm_env.inference.catalog import is_path, load_device, load_engine, load_precision
from edge_llm_env.inference.decoder import DecoderConfig
from edge_llm_env.inference.factors.rows import Case


class Settings(NamedTuple):
    """How a machine is calibrated."""

    folder: Path
    decoder: str
    name: str
    device: str
    threads: int
    clock: str
    batch: int
    tokens: int
    seconds: float
    backend: str = "torch"
    """torch, transformers or llama-cpp."""
    url: str = ""
    """Of a llama.cpp server."""
    precision: str = ""
    """Of its weights, by the catalogue's name."""


def calibrate(
    settings: Settings, clock: Clock, report: Callable[[int, int], None], elapsed_s: Callable[[], float]
) -> tuple[Fit, bool]:
    """Measure, fit and write; the fit, and whether it was interrupted.

    What was measured until a KeyboardInterrupt is fitted to and written; it is raised again where that is nothing, and
    the folder stays as it was. Raises ValueError for a decoder that cannot run, or lengths that it has no room for.
    """
    settings.folder.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=settings.folder, prefix=".unfinished-") as made:
        found = _calibrated(settings._replace(folder=Path(made)), clock, report, elapsed_s)
        (settings.folder / ABOUT).unlink(missing_ok=True)  # without it what is there of two runs is no machine
        for path in sorted(Path(made).iterdir(), key=lambda path: path.name == ABOUT):
            path.replace(settings.folder / path.name)
    return found


def _calibrated(
    settings: Settings, clock: Clock, report: Callable[[int, int], None], elapsed_s: Callable[[], float]
) -> tuple[Fit, bool]:
    folder = settings.folder
    named, shape = decoder_in(folder, settings.decoder)
    points = points_up_to(settings.batch, settings.tokens)
    backend, precision = _backend(settings, named, shape, clock)
    known = load_precision(precision)
    how = f"{settings.decoder}, {settings.backend} on {settings.device}, {settings.threads} threads"
    how += f", {settings.url}" if settings.url else f", {settings.clock} clock"
    write_device(folder / DEVICE, settings.name, settings.device, measured_peaks(settings.device, clock), how)
    write_engine(folder / ENGINE, f"{settings.backend}-on-{settings.name}", {}, how)
    measuring, interrupted = Measuring(backend, points), False
    try:
        measuring.run(settings.seconds, report, elapsed_s)
    except KeyboardInterrupt:
        interrupted = True
        if not any(not one.point.held_out for one in measuring.measured):
            raise
    case = Case(
        shape,
        known,
        load_device(str(folder / DEVICE)),
        load_engine(str(folder / ENGINE)),
    )
    found = fit(case, measuring.measured)
    write_engine(folder / ENGINE, f"{settings.backend}-on-{settings.name}", found.factors, how)
    about = Calibrated(
        decoder=named,
        backend=settings.backend,
        precision=precision,
        torch_device=settings.device,
        threads=settings.threads,
        clock=settings.clock,
        batch=settings.batch,
        tokens=settings.tokens,
    )
    write_calibrated(folder, about, found.errors, found.interval(), found.slowdown())
    return found, interrupted


def _backend(settings: Settings, named: str, shape: DecoderConfig, clock: Clock) -> tuple[Backend, str]:
    """What is measured, and its precision by the catalogue's name."""
    if settings.backend == "llama-cpp":
        return LlamaCppServer(settings.url), settings.precision
    if settings.backend == "transformers":
        if not is_path(named):
            raise ValueError(f"decoder = {named}: must be the path of a config.json, or a size by name")
        model = TransformersModel(Path(named), settings.device, clock)
        return model, model.precision
    decoder = TorchDecoder(shape, slots=settings.batch, positions=settings.tokens, device=settings.device)
    return Passes(decoder, clock), decoder.precision
