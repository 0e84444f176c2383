"""How a scenario cuts time."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from edge_llm_env.support.quantities import DurationS, Epochs
from edge_llm_env.support.section import Section


class EpochSettings(Section):
    """How time is cut: an epoch is uplink, then compute, then downlink."""

    epoch_s: DurationS = Field(description="T_E, length of an epoch")
    uplink_s: DurationS = Field(description="T_U, uplink part")
    downlink_s: DurationS = Field(description="T_D, downlink part")
    split: Literal["fixed", "flexible"] = Field(
        default="fixed",
        description="T_U and T_D are as given in every epoch, or each epoch's batch takes what it needs of T_E: "
        "uplink, compute and downlink one after another",
    )
    episode_epochs: Epochs = Field(default=50, description="epochs after which an episode is truncated")
    visible_slots: int = Field(gt=0, le=4096, description="Q, pending requests that the agent can see and choose among")

    @model_validator(mode="after")
    def _leaves_time_to_compute(self) -> EpochSettings:
        if self.uplink_s + self.downlink_s >= self.epoch_s:
            raise ValueError(
                f"epoch.uplink_s + epoch.downlink_s = {self.uplink_s + self.downlink_s:g}: "
                f"must be less than epoch.epoch_s = {self.epoch_s:g}"
            )
        return self

    @property
    def compute_window_s(self) -> float:
        """T_C = T_E - T_U - T_D (s)."""
        return self.epoch_s - self.uplink_s - self.downlink_s
