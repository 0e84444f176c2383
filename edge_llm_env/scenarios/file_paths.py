"""Paths that a scenario's TOML file names, made absolute before anything of them is looked up."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from edge_llm_env.inference.catalog import is_path, table
from edge_llm_env.support.paths import path_from


def with_absolute_paths(content: dict[str, Any], folder: Path) -> dict[str, Any]:
    """A file's content whose paths start at the file's folder; what is no path or malformed stays as it is.

    So a scenario means the same files wherever it is loaded from.
    """
    workload = content.get("workload")
    arrivals = workload.get("arrivals") if isinstance(workload, dict) else None
    if isinstance(workload, dict) and isinstance(arrivals, dict) and isinstance(arrivals.get("path"), str):
        absolute = str(path_from(folder, arrivals["path"]))
        content = content | {"workload": workload | {"arrivals": arrivals | {"path": absolute}}}
    node = content.get("node")
    if isinstance(node, dict):
        node = _with_decoder(node, folder)
        if isinstance(node.get("variants"), list):
            node["variants"] = [
                _with_decoder(variant, folder) if isinstance(variant, dict) else variant for variant in node["variants"]
            ]
        content = content | {"node": node}
    return content


def _with_decoder(section: dict[str, Any], folder: Path) -> dict[str, Any]:
    """A section whose `decoder` is absolute where it is a path, or a file or folder of that name is in `folder`."""
    decoder = section.get("decoder")
    if isinstance(decoder, str) and decoder not in table("decoders"):
        absolute = path_from(folder, decoder)
        if is_path(decoder) or absolute.exists():
            return section | {"decoder": str(absolute)}
    return dict(section)
