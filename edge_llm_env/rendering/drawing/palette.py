"""What is drawn in which colour."""

from __future__ import annotations

from edge_llm_env.rendering.drawing.canvas import Colour
from edge_llm_env.rendering.frames.frame import Fate

UPLINK: Colour = (76, 120, 168)
DOWNLINK: Colour = (66, 157, 156)
COMPUTE: Colour = (245, 133, 24)
MEMORY: Colour = (178, 121, 162)
RESOURCE_COLOURS: dict[str, Colour] = {
    "uplink": UPLINK,
    "downlink": DOWNLINK,
    "memory": MEMORY,
    "compute": COMPUTE,
}
DEADLINE: Colour = (200, 30, 45)
FATE_COLOURS: dict[Fate, Colour] = {
    Fate.SERVED: (60, 148, 74),
    Fate.WAITS: (140, 160, 185),
    Fate.LAST_CHANCE: (232, 170, 40),
    Fate.EXPIRES: (220, 76, 76),
}
_VARIANT_COLOURS: tuple[Colour, ...] = (
    (245, 133, 24),
    (123, 87, 181),
    (157, 117, 93),
    (214, 39, 130),
    (23, 140, 190),
    (140, 150, 40),
)


def variant_colour(variant: int | None) -> Colour:
    """The colour of a variant, or of the only model; after six variants they come again."""
    return _VARIANT_COLOURS[(variant or 0) % len(_VARIANT_COLOURS)]


def light(colour: Colour, paper: float = 0.6) -> Colour:
    """A colour mixed with that part of white."""
    red, green, blue = (round(part + (255 - part) * paper) for part in colour)
    return red, green, blue
