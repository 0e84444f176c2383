"""Types of the schema that hold a name of the catalogue, or the path of a file in its place."""

from __future__ import annotations

from typing import Annotated

from edge_llm_env.inference.catalog.reading import is_file, is_path, load_decoder, load_device, load_engine
from edge_llm_env.support.paths.file_path import FilePath

DecoderName = Annotated[str, FilePath(is_path, lambda path, _: load_decoder(path).model_dump(mode="json"))]
"""A decoder's name, or the path of a Hugging Face `config.json` or of the folder that holds one."""

DeviceName = Annotated[
    str, FilePath(lambda name, _: is_file(name), lambda path, _: load_device(path).model_dump(mode="json"))
]
"""A device's name, or the path of a TOML file that holds one entry."""

EngineName = Annotated[
    str, FilePath(lambda name, _: is_file(name), lambda path, _: load_engine(path).model_dump(mode="json"))
]
"""An engine's name, or the path of a TOML file that holds one entry."""
