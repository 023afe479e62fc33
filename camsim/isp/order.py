"""Which stage may follow which: each takes and gives an image in a certain domain."""

from __future__ import annotations

from collections.abc import Sequence

from camsim.spec import Domain, StageSpec


def order_problems(stages: Sequence[type[StageSpec] | None]) -> list[tuple[int, str]]:
    """Where a chain's stages do not fit together: (index, what is wrong). None stands for an unknown stage."""
    problems: list[tuple[int, str]] = []
    domain: Domain | None = "dn"
    source = "the sensor"
    for index, stage in enumerate(stages):
        if stage is None:
            domain = None
            continue
        label = stage.tags()[0]
        if domain is not None and domain not in stage.takes:
            text = f"{label} takes {_domains(stage.takes)}, but {source} gives {_domains({domain})}; {_fix(stage)}"
            problems.append((index, text))
        domain = stage.gives or domain
        source = f"isp[{index}] {label}"
    if domain not in (None, "encoded") and not problems:
        text = f"the chain ends with {_domains({domain})}; it must end display-encoded: add a gamma stage"
        problems.append((len(stages) - 1, text))
    return problems


_DOMAIN_WORDS: dict[Domain, str] = {
    "dn": "digital numbers",
    "mosaic": "a linear mosaic",
    "linear": "linear RGB",
    "encoded": "display-encoded RGB",
}


def _domains(domains: frozenset[Domain] | set[Domain]) -> str:
    return " or ".join(words for domain, words in _DOMAIN_WORDS.items() if domain in domains)


def _fix(stage: type[StageSpec]) -> str:
    if stage.takes == {"dn"}:
        return "put it first, once"
    if stage.takes == {"mosaic"}:
        return "put it after black_level and only once"
    return "put it between demosaic and gamma" if "linear" in stage.takes else "check the order"
