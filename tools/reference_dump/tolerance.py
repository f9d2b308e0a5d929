"""How far another implementation may be from these outputs.

Tiny models whose logits reach 15 are held to 2e-4 in float32. Rounding grows with the size of the values, and large
models have channels with values in the thousands, so the bounds grow with the largest value of each kind.
"""
from __future__ import annotations

BASE, BASE_SIZE = 2e-4, 15.0


def bound(largest: float) -> float:
    return BASE * max(1.0, largest / BASE_SIZE)


def tolerances(largest: dict[str, float]) -> dict:
    """The "tolerance" object of io.json."""
    logits = bound(largest["logits"])
    return {"logits_max_abs": logits, "hidden_max_abs": bound(largest["hidden"]),
            "block0_max_abs": bound(largest["block0"]), "confidence_max_abs": logits / 2,
            "likelihood_rel": logits / 2, "token_ids": "exact"}
