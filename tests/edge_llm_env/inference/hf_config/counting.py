"""Parameters as transformers counts them, on the meta device.

`python -m tests.edge_llm_env.inference.hf_config.counting`, where it is installed, writes them to `counts.json`.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.edge_llm_env.inference.hf_config.published import PUBLISHED
from tests.edge_llm_env.inference.hf_config.small import SMALL

CONFIGS = SMALL | PUBLISHED
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


def main() -> None:
    """Count all configurations."""
    import transformers

    counts = {name: parameters_of(keys) for name, keys in CONFIGS.items()}
    content = {"transformers": transformers.__version__, "parameters": counts}
    COUNTS.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
