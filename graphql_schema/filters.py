"""Values of a filter that the mirror could not even be asked about are refused by name."""

from decimal import Decimal

from connector.errors import InvalidInput

_DIGITS_MOST = 30  # before the point or after it


def checked_text(name: str, text: str | None) -> str | None:
    """The text; raises InvalidInput when it holds a character that no stored text can hold."""
    if text is not None and ("\0" in text or any("\ud800" <= each <= "\udfff" for each in text)):
        raise InvalidInput(path=["filter", name], reason="it holds a character that no text can hold")
    return text


def checked_figure(name: str, figure: Decimal | None) -> Decimal | None:
    """The figure; raises InvalidInput when it is no number or far beyond any amount."""
    if figure is not None and not (figure.is_finite() and abs(figure.adjusted()) < _DIGITS_MOST):
        raise InvalidInput(path=["filter", name], reason="it is not an amount")
    return figure
