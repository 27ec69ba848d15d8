"""Japanese consumption tax as invoices state it: rates, buckets, and nothing that was not said."""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum


class Bucket(StrEnum):
    """The rate under which amounts of an invoice are added up."""

    STANDARD_10 = "standard_10"
    REDUCED_8 = "reduced_8"
    OLD_8 = "old_8"
    OLD_5 = "old_5"
    ZERO = "zero"
    NON_TAXABLE = "non_taxable"  # 非課税
    EXEMPT = "exempt"  # 免税
    OUT_OF_SCOPE = "out_of_scope"  # 不課税


@dataclass(frozen=True, slots=True)
class TaxSummary:
    """The amounts of one invoice under one rate, in yen; None where the issuer left the figure empty."""

    bucket: Bucket
    net: Decimal | None
    tax: Decimal | None
    gross: Decimal | None
