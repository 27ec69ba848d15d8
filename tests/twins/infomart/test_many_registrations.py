"""Whatever is thrown at the twin, its ledger, its truth and its list tell of the same invoices."""

from collections import Counter
from random import Random
from typing import Any

import pytest

from connector.twins.infomart.line import LineCutError
from tests.twins.infomart.issuing import System, invoice

KINDS = ("drop_before", "drop_after", "http_500", "http_500_after", "http_503", "html_200", "reset", "truncate")
DONE = {"drop_after", "http_500_after", "reset", "truncate"}


def counted(entries: list[dict[str, Any]]) -> Counter[tuple[Any, ...]]:
    names = ("mng_num", "inv_no", "private_cust_cd", "inv_show_amount")
    return Counter((*(each[name] for name in names), tuple(sorted(each["free"].items()))) for each in entries)


@pytest.mark.parametrize("seed", range(3))
async def test_batches_with_faulty_elements_under_misfortune_leave_exactly_the_sound_ones(
    system: System, seed: int
) -> None:
    die = Random(seed)  # noqa: S311  # the same batches every time
    expected: Counter[str] = Counter()
    for batch in range(25):
        sound = [die.random() < 0.7 for _ in range(die.randint(1, 6))]
        elements = [
            invoice(inv_no=f"{batch}", customer_code1=f"{batch}-{place}", inv_name=None if good else "x" * 101)
            for place, good in enumerate(sound)
        ]
        kind = die.choice((None, *KINDS))
        if kind is not None:
            await system.visitor.sim("faults", {"operation": "register", "kind": kind})
        try:
            answer = await system.register(*elements)
        except LineCutError:
            answer = None
        if kind is None or kind in DONE:
            expected.update(f"{batch}-{place}" for place, good in enumerate(sound) if good)
        if kind is None and answer is not None:
            named = [each["error_index"] for each in answer.json()["error_list"]]
            assert named == [place + 1 for place, good in enumerate(sound) if not good]

    truth = await system.truth()

    assert Counter(each["free"]["customer_code1"] for each in truth) == expected
    assert counted(await system.events("invoice_registered")) == counted(truth)
    listed = [each for page in (1, 2) for each in await system.listed(page_no=page)]
    assert [each["invoice_mng_num"] for each in listed] == [each["mng_num"] for each in truth]
