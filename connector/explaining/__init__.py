"""Explains to people where things stand, who acts and how: connections, and what can be done through them."""

from connector.explaining.abilities import AbilityExplanation, explain_ability
from connector.explaining.connections import STANDINGS, TROUBLES, Actor, Explanation, Told, explain

__all__ = [
    "STANDINGS",
    "TROUBLES",
    "AbilityExplanation",
    "Actor",
    "Explanation",
    "Told",
    "explain",
    "explain_ability",
]
