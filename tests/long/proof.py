"""One line of a proof: what was counted, and what it had to be."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Proof:
    """A figure that was measured, and the most it may be."""

    proof: str
    n: int
    figure: float
    target: float
    where: str = ""  # what was counted, place by place, when that helps to find a cause

    @property
    def holds(self) -> bool:
        """Whether the figure is within its target; nothing was shown about nothing."""
        return self.n > 0 and self.figure <= self.target

    def told(self) -> dict[str, object]:
        """The line as the report writes it."""
        return {
            "proof": self.proof,
            "n": self.n,
            "figure": self.figure,
            "target": self.target,
            "holds": self.holds,
            **({"where": self.where} if self.where else {}),
        }
