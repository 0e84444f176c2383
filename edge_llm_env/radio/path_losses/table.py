"""The table of kinds of path loss, from which the schema's union, the documentation and the tests are made."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Union

from pydantic import Field

from edge_llm_env.radio.path_losses.log_distance import LogDistancePathLoss
from edge_llm_env.radio.path_losses.path_loss import PathLoss
from edge_llm_env.radio.path_losses.uma import UmaPathLoss
from edge_llm_env.radio.path_losses.umi import UmiPathLoss

PATH_LOSSES: tuple[type[PathLoss], ...] = (LogDistancePathLoss, UmaPathLoss, UmiPathLoss)
"""Every kind."""

if TYPE_CHECKING:
    PathLosses = PathLoss
else:
    PathLosses = Annotated[Union[PATH_LOSSES], Field(discriminator="kind")]  # noqa: UP007 (made from the table)
