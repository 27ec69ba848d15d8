"""Explains an ability to people: whether it works, who acts where it does not, and how."""

from dataclasses import dataclass

from connector.domain.ability import Ability, Obstacle
from connector.errors import NotConnected
from connector.explaining.connections import Actor, explain
from connector.wording import Said, Wording, say
from connector.wording.spoken import both

_FOUND_OUT_BY_READING = {"unknown", "proven"}  # the next reading that works proves what is not, or no longer, known

WORKS = both("利用できます。", "することはありません。", "It works.", "There is nothing to do.")
LACKED = both(
    "この連携先では、この機能を提供していません。",
    "することはありません。ほかの連携先で提供しているかは capabilities で確認できます。",
    "This is not offered at this provider.",
    "There is nothing to do. Whether another provider offers it is told by `capabilities` as well.",
)


@dataclass(frozen=True, slots=True)
class AbilityExplanation:
    """An ability explained."""

    actor: Actor
    said: Said


def explain_ability(ability: Ability) -> AbilityExplanation:
    """What stands in the way of the ability, in the words of whatever does; or that nothing does."""
    if ability.obstacle is None:
        return AbilityExplanation(Actor.NOBODY, WORKS)
    if ability.obstacle is Obstacle.PROVIDER_LACKS_IT:
        return AbilityExplanation(Actor.NOBODY, LACKED)
    if ability.lacking is not None:
        actor = Actor.WE if ability.lacking.known_by in _FOUND_OUT_BY_READING else Actor.TENANT
        return AbilityExplanation(actor, say(ability.lacking))
    if ability.connection is None:
        return AbilityExplanation(Actor.TENANT, say(NotConnected()))
    told = explain(ability.connection, ability.breaker)
    said = Said(ja=Wording(told.ja.what, told.ja.action), en=Wording(told.en.what, told.en.action))
    return AbilityExplanation(told.actor, said)
