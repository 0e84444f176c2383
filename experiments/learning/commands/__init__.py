"""What `python scripts/train.py` measures, beside the trainings of `edge-llm train`."""
