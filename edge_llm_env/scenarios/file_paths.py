"""Paths that a scenario's TOML file names, made absolute before anything of them is looked up."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from edge_llm_env.inference.catalog import is_file, is_path, table
from edge_llm_env.support.paths import is_folder, path_from


def with_absolute_paths(content: dict[str, Any], folder: Path) -> dict[str, Any]:
    """A file's content whose paths start at the file's folder; what is no path or malformed stays as it is.

    So a scenario means the same files wherever it is loaded from.
    """

    def decoder(written: str) -> str:
        absolute = path_from(folder, written)
        return str(absolute) if is_path(written) or is_folder(absolute) else written

    return _with_paths(content, lambda written: str(path_from(folder, written)), decoder)


def without_folders(content: dict[str, Any]) -> dict[str, Any]:
    """A content whose paths are the names of the files alone."""
    return _with_paths(
        content, lambda written: Path(written).name, lambda written: Path(written).name if is_path(written) else written
    )


def paths_of(content: dict[str, Any]) -> list[str]:
    """The paths in a content whose paths are absolute."""
    found: list[str] = []

    def noted(written: str) -> str:
        found.extend([written] if Path(written).is_absolute() else [])
        return written

    _with_paths(content, noted, noted)
    return found


def _with_paths(
    content: dict[str, Any], of_file: Callable[[str], str], of_decoder: Callable[[str], str]
) -> dict[str, Any]:
    """A content with what these make of paths of its trace, device and engine, and of decoders not in the catalogue."""
    workload = content.get("workload")
    arrivals = workload.get("arrivals") if isinstance(workload, dict) else None
    if isinstance(workload, dict) and isinstance(arrivals, dict) and isinstance(arrivals.get("path"), str):
        replaced = of_file(arrivals["path"]) if arrivals["path"] else ""
        content = content | {"workload": workload | {"arrivals": arrivals | {"path": replaced}}}
    node = content.get("node")
    if isinstance(node, dict):
        node = _with_decoder(node, of_decoder) | {
            field: of_file(node[field])
            for field in ("device", "engine")
            if isinstance(node.get(field), str) and is_file(node[field])
        }
        if isinstance(node.get("variants"), list | tuple):
            node["variants"] = [
                _with_decoder(variant, of_decoder) if isinstance(variant, dict) else variant
                for variant in node["variants"]
            ]
        content = content | {"node": node}
    network = content.get("network")
    if isinstance(network, dict) and isinstance(network.get("cells"), dict):
        cells = {
            name: _with_paths(patch, of_file, of_decoder) if isinstance(patch, dict) else patch
            for name, patch in network["cells"].items()
        }
        content = content | {"network": network | {"cells": cells}}
    return content


def _with_decoder(section: dict[str, Any], of_decoder: Callable[[str], str]) -> dict[str, Any]:
    decoder = section.get("decoder")
    if isinstance(decoder, str) and decoder and decoder not in table("decoders"):
        return section | {"decoder": of_decoder(decoder)}
    return dict(section)
