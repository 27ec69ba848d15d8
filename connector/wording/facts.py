"""How the facts of a finding are shown to a person: by names of their own, where they have them."""

from collections.abc import Mapping
from decimal import Decimal

from connector.domain.finding import Fact
from connector.wording.spoken import Language


def shown(name: str, fact: Fact, language: Language) -> str:
    """The fact in words of this language."""
    named = _NAMES.get(name, {}).get(str(fact))
    if named is not None:
        return named[0] if language is Language.JA else named[1]
    return f"{fact:f}" if isinstance(fact, Decimal) else str(fact)


# Facts that have names of their own: fact -> value -> (Japanese, English).
_FIGURES = {
    "net": ("税抜金額", "amount before tax"),
    "tax": ("消費税額", "tax"),
    "gross": ("税込金額", "amount with tax"),
}
_PARTS = {
    "deletion": ("削除", "a deletion"),
    "invitation": ("招待", "an invitation"),
    "invoice": ("請求書", "an invoice"),
    "parent": ("親となるマスタ", "what it belongs to"),
}
_NAMES: Mapping[str, Mapping[str, tuple[str, str]]] = {
    "figure": _FIGURES,
    "missing": _FIGURES,
    "bucket": {
        "standard_10": ("標準税率10%", "the standard rate of 10 %"),
        "reduced_8": ("軽減税率8%", "the reduced rate of 8 %"),
        "old_8": ("旧税率8%", "the old rate of 8 %"),
        "old_5": ("旧税率5%", "the old rate of 5 %"),
        "zero": ("税率0%", "the rate of 0 %"),
        "non_taxable": ("非課税", "what is not taxable"),
        "exempt": ("免税", "what is exempt from tax"),
        "out_of_scope": ("不課税", "what is out of the tax's scope"),
    },
    "rounding": {
        "down": ("切捨て", "down"),
        "half_up": ("四捨五入", "half up"),
        "up": ("切上げ", "up"),
    },
    "one": _PARTS,
    "other": _PARTS,
    "part": {
        "at": ("アットマーク", "at sign"),
        "local": ("アットマークより前", "part before the at sign"),
        "domain": ("アットマークより後", "part after the at sign"),
    },
}
