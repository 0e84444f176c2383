"""A network's frame as text."""

from __future__ import annotations

from edge_llm_env.envs.multi_node.viewer.frame import Module, NetworkFrame, Site
from edge_llm_env.rendering.text import bar


def as_text(frame: NetworkFrame) -> str:
    """The frame as lines, without a newline at the end."""
    lines = [
        f"{frame.environment}, {frame.scenario}: epoch {frame.epoch} of {frame.epochs}",
        ", ".join(f"{name} {count}" for name, count in frame.counters),
        "",
        *(line for site in frame.sites for line in site_lines(site, frame)),
        "",
        "served last: " + (", ".join(flow_text(frame)) or "nobody"),
    ]
    return "\n".join(line.rstrip() for line in lines)


def site_lines(site: Site, frame: NetworkFrame) -> list[str]:
    """A cell with its node."""
    if site.is_cloud:
        return [f"{site.name:12} served {site.served:4}"]
    waiting = ", ".join(str(count) for count in site.waiting)
    line = f"{site.name:12} served {site.served:4}  computing {bar(site.utilisation)}  "
    lines = [f"{line}arrived {site.arrived}, waiting {waiting}"]
    if site.modules:
        lines.append(f"{'':12} holds {', '.join(module_text(module, frame) for module in site.modules)}")
    return lines


def module_text(module: Module, frame: NetworkFrame) -> str:
    """What a module holds."""
    if module.model < 0:
        return "nothing"
    loads = f" (loads for {module.left_s:g} s)" if module.left_s > 0 else ""
    return f"{frame.models[module.model]}{loads}"


def flow_text(frame: NetworkFrame) -> list[str]:
    """Who served whose requests."""
    names = [site.name for site in frame.sites]
    return [f"{flow.requests} of {names[flow.cell]} by {names[flow.server]}" for flow in frame.flows]
