"""Parameters as transformers counts them, on the meta device.

`python -m tests.edge_llm_env.inference.hf_config.counting`, where it is installed, writes them to `counts.json`.
"""

from __future__ import annotations

import dataclasses
import json
import tomllib
from pathlib import Path
from typing import Any

from tests.edge_llm_env.inference.hf_config.published import PUBLISHED
from tests.edge_llm_env.inference.hf_config.small import SMALL

CONFIGS = SMALL | PUBLISHED
FAMILIES = Path(__file__).parents[4] / "edge_llm_env" / "inference" / "hf_config" / "families.toml"
COUNTS = Path(__file__).with_name("counts.json")


def parameters_of(keys: dict[str, Any]) -> int:
    """Parameters of the language model that transformers builds for a `config.json` of these keys."""
    import torch
    import transformers

    config = transformers.AutoConfig.for_model(**keys)
    text = config.get_text_config(decoder=True)
    text.pad_token_id = None  # beyond the vocabularies of small configurations
    with torch.device("meta"):
        if type(text) in transformers.MODEL_FOR_CAUSAL_LM_MAPPING:
            return int(transformers.AutoModelForCausalLM.from_config(text).num_parameters())
        body = transformers.AutoModel.from_config(text)  # the text of Qwen-VL has no class with a head of its own
    tied = getattr(config, "tie_word_embeddings", False)
    return int(body.num_parameters()) + (0 if tied else text.vocab_size * text.hidden_size)


def defaults_of(model_type: str) -> dict[str, Any]:
    """What transformers gives to keys that a `config.json` of this family leaves out; nested keys with a dot."""
    from transformers.models.auto.configuration_auto import CONFIG_MAPPING

    found: dict[str, Any] = {}
    for field in dataclasses.fields(CONFIG_MAPPING[model_type]):
        if field.default is None or isinstance(field.default, int | str):
            found[field.name] = field.default
    nested = CONFIG_MAPPING[model_type]().to_dict().get("attn_config") or {}
    return found | {f"attn_config.{key}": value for key, value in nested.items() if key == "attn_type"}


def main() -> None:
    """Count all configurations, and list all defaults."""
    import transformers

    counts = {name: parameters_of(keys) for name, keys in CONFIGS.items()}
    families = tomllib.loads(FAMILIES.read_text(encoding="utf-8"))
    defaults = {model_type: defaults_of(model_type) for model_type in families if "text" not in families[model_type]}
    content = {"transformers": transformers.__version__, "parameters": counts, "defaults": defaults}
    COUNTS.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
