"""The verdict on the worst case found: is its harm within the margin, beyond it, or not known yet?

One case is judged, the worst on the search half, on samples that had no part in choosing it: a single test, which needs
no correction for several.
"""

from __future__ import annotations

from audit.gate import Gate, Verdict
from audit.search.certificate import Certificate

WORDS = {"drop": ("accuracy drop", "points"), "flips": ("flips", "%")}


def judge_case(certificate: Certificate, gate: Gate | None) -> tuple[Verdict | None, list[str]]:
    """The verdict and why; None where there is no gate.

    PASS: the upper confidence limit lies below the margin; FAIL: the lower one above it; INCONCLUSIVE: neither, or
    fewer samples than the gate asks for.
    """
    if gate is None:
        return None, []
    margin = gate.max_drop if certificate.measure == "drop" else gate.max_flips
    if margin is None:
        raise ValueError(f"the gate has no margin for {certificate.measure}")
    name, unit = WORDS[certificate.measure]
    harm = certificate.harm
    text = f"{name} {100 * harm.value:.1f} {unit} [{100 * harm.low:.1f}, {100 * harm.high:.1f}]"
    limit = f"the margin {100 * margin:g} {unit}"
    if certificate.samples < gate.min_samples:
        return "INCONCLUSIVE", [f"{certificate.samples} samples held out: a verdict needs at least {gate.min_samples}"]
    if harm.high < margin:
        return "PASS", [f"{text} of the worst case found stays below {limit}"]
    if harm.low > margin:
        return "FAIL", [f"{text} of the worst case found exceeds {limit}"]
    return "INCONCLUSIVE", [f"{text}: more samples are needed to tell whether it stays below {limit}"]
