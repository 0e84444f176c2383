"""Sub-commands of `edge-llm train`."""
