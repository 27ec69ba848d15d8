"""The same dice fall the same way again, so a seed names a whole world."""

from random import Random


def dice(*names: object) -> Random:
    """Randomness that depends on the names alone."""
    return Random("/".join(map(str, names)))  # noqa: S311  # nosec B311  # tokens come from uuid4
