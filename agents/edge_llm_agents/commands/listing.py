"""`edge-llm list`: what there is to name, by the registry, the catalogue and the cards; needs no agents."""

from __future__ import annotations

from dataclasses import dataclass

from edge_llm_agents.pretrained.shipped import PRETRAINED, card_of, percent_of_oracle, shipped_policies
from edge_llm_env.inference.catalog import table
from edge_llm_env.inference.published.table import mechanisms_table
from edge_llm_env.registration import ENVIRONMENTS
from edge_llm_env.scenarios import describe_scenarios
from edge_llm_env.support.system.command_line import OneLineParser
from edge_llm_env.support.tables import Table

WHAT = ("environments", "tiers", "scenarios", "devices", "engines", "models", "precisions", "mechanisms", "policies")

_TOGETHER = {"environments": ("environments", "tiers")}
"""What is listed beside what was asked for."""


@dataclass(frozen=True)
class List:
    """List what there is to name: environments with their tiers, scenarios, devices, engines, models, and so on."""

    what: str | None = None

    @classmethod
    def parsed(cls, program: str, arguments: list[str]) -> List:
        """The options, by argparse, which is always there."""
        parser = OneLineParser(prog=program, description=cls.__doc__)
        parser.add_argument("what", nargs="?", choices=WHAT, help="one of them; all if left out")
        return cls(parser.parse_args(arguments).what)

    def run(self) -> None:
        """Print."""
        asked = WHAT if self.what is None else _TOGETHER.get(self.what, (self.what,))
        print("\n\n".join(f"{name}\n{TABLES[name]().text()}" for name in asked))


def environments() -> Table:
    """Every environment, and what baselines it has."""
    from edge_llm_baselines.registry.registered import baselines_of

    rows = []
    for one in ENVIRONMENTS.values():
        baselines = baselines_of(one.id)
        rules = ", ".join(key for key in baselines.rules if key != baselines.oracle)
        rows.append((one.id, one.summary, baselines.oracle, rules))
    return Table(("id", "a step; action", "oracle", "rules"), rows)


def tiers() -> Table:
    """The easy, the medium and the hard scenario of every environment, and what makes each so."""
    rows = [
        (one.id, name, tier.scenario, tier.because)
        for one in ENVIRONMENTS.values()
        for name, tier in one.tiers._asdict().items()
    ]
    return Table(("environment", "tier", "scenario", "because"), rows)


def scenarios() -> Table:
    """Every preset."""
    return Table(("scenario", "what it is"), list(describe_scenarios().items()))


def devices() -> Table:
    """Every device of the catalogue."""
    return _names("devices", "device")


def engines() -> Table:
    """Every engine of the catalogue."""
    return _names("engines", "engine")


def models() -> Table:
    """Every decoder of the catalogue."""
    return _names("decoders", "model")


def precisions() -> Table:
    """Every precision of the catalogue."""
    return _names("precisions", "precision")


def mechanisms() -> Table:
    """Every mechanism with its equation, source, error against published rows, and what is assumed."""
    return mechanisms_table()


def policies() -> Table:
    """Every policy that the package brings along."""
    cards = {name: card_of(PRETRAINED / name) for name in shipped_policies()}
    return Table(
        ("policy", "environment", "scenario", "learned by", "% of the oracle"),
        [
            (
                name,
                card["environment"],
                card["scenario"] + "".join(f", {field} {value}" for field, value in card["overrides"].items()),
                card["algorithm"],
                f"{percent_of_oracle(card['evaluation']):.2f}",
            )
            for name, card in cards.items()
        ],
    )


def _names(name: str, heading: str) -> Table:
    return Table((heading,), [(entry,) for entry in table(name)])


TABLES = {
    "environments": environments,
    "tiers": tiers,
    "scenarios": scenarios,
    "devices": devices,
    "engines": engines,
    "models": models,
    "precisions": precisions,
    "mechanisms": mechanisms,
    "policies": policies,
}
