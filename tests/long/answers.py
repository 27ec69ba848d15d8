"""Ten thousand damaged answers of Infomart's to all seven calls: each is read, classified or unreadable."""

from datetime import timedelta

from connector.providers.infomart.manifest import GENERATIONS
from tests.contract.infomart import opened_office
from tests.contract.mutated import Keeping, heard, tally
from tests.long.proof import Proof
from tests.world import twin_server

COUNT = 10_000
_PATIENCE = timedelta(seconds=20)


async def run(part: str | None) -> list[Proof]:
    """A line for each generation; there are no parts."""
    if part is not None:
        raise SystemExit("answers has no parts")
    return [await _generation(each, COUNT // len(GENERATIONS)) for each in GENERATIONS]


async def _generation(generation: str, count: int) -> Proof:
    keeping = Keeping("infomart", _PATIENCE)
    keeping.kept = []
    async with twin_server() as twin, opened_office(generation, twin, _PATIENCE, transport=keeping) as office:
        answers = await heard(office, generation, twin, keeping)
        found, crashes = await tally(keeping, office, answers, count, seed=count)
    told = ", ".join(f"{name} {times}" for name, times in sorted(found.items()))
    where = "; ".join([told, *crashes[:10]])
    proof = "answers that were neither read nor classified nor called unreadable"
    return Proof(f"{proof}, {generation}", sum(found.values()) + len(crashes), len(crashes), 0, where)
