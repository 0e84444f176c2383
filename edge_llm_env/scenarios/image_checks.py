"""Where requests can have images, or none, and what an image can be sent with."""

from __future__ import annotations

from edge_llm_env.scenarios.hosting import Hosting

WHERE = "workload.image_share below 1, or with node.images.upload_bytes above 0"


def check_images(scenario: Hosting) -> None:
    """Raise ValueError, one line, where a scenario's images are counted by request and something else does not."""
    node, workload = scenario.node, scenario.workload
    if node.images is None and workload.image_share < 1.0:
        raise ValueError(f"workload.image_share = {workload.image_share:g}: must go with node.images")
    if not scenario.counts_images:
        return
    wrong = ""
    if scenario.network is not None:
        wrong = "network"
    elif not scenario.beliefs.are_true:
        wrong = "beliefs"
    elif node.prompt_compression is not None:
        wrong = "node.prompt_compression"
    if wrong:
        raise ValueError(f"{wrong}: must be left out with {WHERE}")
    if scenario.radio.transfers == "carried_over":
        raise ValueError(f'radio.transfers = "carried_over": must be "within_epoch" with {WHERE}')
    if node.parallelism is not None and node.parallelism.groups > 1:
        raise ValueError(f"node.parallelism: must be of one group with {WHERE}")
