"""The table of cost models, from which the schema, the documentation and the tests are made."""

from __future__ import annotations

from edge_llm_env.inference.cost_models.cost_model import CostModel
from edge_llm_env.inference.cost_models.paper import PaperCostModel
from edge_llm_env.inference.cost_models.roofline import RooflineCostModel

COST_MODELS: dict[str, CostModel] = {model.name: model for model in (PaperCostModel(), RooflineCostModel())}
"""Every cost model by its name."""
