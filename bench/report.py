"""What a measurement says: a median for each variant, and ratios held against targets."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True, slots=True)
class Ratio:
    """One claim: this variant over that one, and the least it must be."""

    claim: str
    over: str
    under: str
    target: float


@dataclass(frozen=True, slots=True)
class Report:
    """Every figure of one measurement."""

    bench: str
    unit: str
    figures: Mapping[str, Sequence[float]]
    ratios: Sequence[Ratio]

    def told(self) -> dict[str, object]:
        """The report as JSON tells it."""
        medians = {name: round(median(values), 1) for name, values in self.figures.items()}
        ratios = []
        for ratio in self.ratios:
            value = self.value(ratio)
            ratios.append(
                {"claim": ratio.claim, "value": round(value, 2), "target": ratio.target, "holds": value >= ratio.target}
            )
        return {"bench": self.bench, "unit": self.unit, "variants": medians, "ratios": ratios}

    def drawn(self) -> str:
        """The report for the eye."""
        rounds = len(next(iter(self.figures.values())))
        lines = [f"{self.bench} ({self.unit}; median, least and most of {rounds} rounds)"]
        for name, values in self.figures.items():
            lines.append(f"  {name:<28}{median(values):>12,.0f}{min(values):>12,.0f}{max(values):>12,.0f}")
        for ratio in self.ratios:
            value = self.value(ratio)
            lines.append(f"  {ratio.claim}: {value:.2f} (target {ratio.target}, holds: {value >= ratio.target})")
        return "\n".join(lines)

    def value(self, ratio: Ratio) -> float:
        """What was measured for one claim."""
        return median(self.figures[ratio.over]) / median(self.figures[ratio.under])
