"""`edge-llm predict llama-3.1-8b w4a16-awq jetson-agx-orin-64gb --engine vllm --prompt 512 --output 128`."""

from __future__ import annotations

import argparse
import json
import tomllib
from typing import Any

HELP = "time, memory and energy of a batch on a device, with intervals"


def add_command(commands: Any) -> None:
    """Add `predict` to the subparsers of a command line."""
    command = commands.add_parser("predict", help=HELP, description=HELP)
    command.add_argument("decoder", help="catalogue name, or path of a Hugging Face config.json or of its folder")
    command.add_argument("precision", help="catalogue name")
    command.add_argument("device", help="catalogue name")
    command.add_argument("--engine", help="catalogue name; without one, a compiled engine that nobody measured")
    command.add_argument("--batch", type=int, default=1, help="requests that are served together (default: 1)")
    command.add_argument("--prompt", type=int, required=True, metavar="TOKENS", help="of each request")
    command.add_argument("--output", type=int, required=True, metavar="TOKENS", help="of each request, at least 2")
    command.add_argument(
        "--measured",
        action="append",
        default=[],
        metavar="TEXT",
        help='what was measured of this model on this machine, "decode 38 tokens/s at batch 1"; may be repeated',
    )
    command.add_argument(
        "--with",
        dest="mechanisms",
        action="append",
        default=[],
        metavar="TEXT",
        help='a mechanism, "speculation = {draft_tokens = 4, acceptance = 0.7}", as a scenario\'s node has it; may be '
        "repeated",
    )
    command.add_argument("--json", action="store_true", help="as JSON, in s, bytes and J")
    command.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Print the prediction; the exit status. Raises ValueError, one line, for what there is not."""
    # Imported here, so that a command line that predicts nothing stays quick.
    from edge_llm_env.inference.prediction.predicting import predict
    from edge_llm_env.inference.prediction.text import as_record, as_text

    prediction = predict(
        options.decoder,
        options.precision,
        options.device,
        options.engine,
        batch=options.batch,
        prompt_tokens=options.prompt,
        output_tokens=options.output,
        measured=options.measured,
        mechanisms=_mechanisms(options.mechanisms),
    )
    print(json.dumps(as_record(prediction), indent=1) if options.json else as_text(prediction))
    return 0


def _mechanisms(texts: list[str]) -> dict[str, dict[str, Any]]:
    """Mechanisms as they are written in TOML; a ValueError of one line says what is wrong with one."""
    found: dict[str, dict[str, Any]] = {}
    for text in texts:
        try:
            settings = tomllib.loads(text)
        except (tomllib.TOMLDecodeError, RecursionError) as error:
            raise ValueError(f"--with {text!r}: must be TOML, NAME = {{SETTING = VALUE}}: {error}") from None
        wrong = [name for name, values in settings.items() if not isinstance(values, dict)]
        if wrong:
            raise ValueError(f"--with {text!r}: must be a table of settings, {wrong[0]} = {{SETTING = VALUE}}")
        found |= settings
    return found
