"""The fingerprint of a scenario: one hash of all that shapes its environment."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from edge_llm_env.inference.catalog import is_path
from edge_llm_env.scenarios.file_paths import with_held
from edge_llm_env.scenarios.hosting import Hosting
from edge_llm_env.support.section import Section


def fingerprint(scenario: Hosting) -> str:
    """SHA-256 (hex) of everything that shapes the environment; name, description and provenance do not.

    A file, such as a trace or a decoder's, counts by its content and not by where it is. A setting that leaves
    everything as it is does not count (`NEUTRAL`), so that fingerprints stay when the suite learns of a new one.
    """
    # Engine and measurements shape it through the batch cost alone, which is in it.
    content = scenario.model_dump(
        mode="json",
        exclude={"name": True, "description": True, "provenance": True, "node": {"engine": True, "measured": True}},
    )
    leave_out_neutral(scenario, content)
    if scenario.network is not None:
        content["network"]["cells"] = [fingerprint(cell) for cell in scenario.cells]
    for hosted in content["node"]["variants"]:
        del hosted["name"]
        for absent in ("pruning", "speculation", "accuracies"):
            if hosted[absent] is None:
                del hosted[absent]
    content = with_held(content)
    content["batch_cost"] = scenario.batch_cost
    content["accuracy"] = scenario.accuracy
    content["variants"] = [
        [
            "" if is_path(variant.decoder) else variant.decoder,
            variant.precision,
            variant.accuracies[0] if scenario.workload.classes is None else variant.accuracies,
            variant.batch_cost,
            variant.weight_bytes,
            variant.load_s,
        ]
        for variant in scenario.variants
    ]
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def leave_out_neutral(section: Section, content: dict[str, Any]) -> None:
    """Delete from a section's content, and from those of sections in it, what leaves everything as it is."""
    for field in section.neutral_fields():
        if getattr(section, field) == type(section).model_fields[field].default:
            del content[field]
    for name, inner in section:
        if isinstance(inner, Section) and name in content:
            leave_out_neutral(inner, content[name])
