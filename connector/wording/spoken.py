"""What a person is told: what happened and what to do, in Japanese and English."""

from dataclasses import dataclass
from enum import StrEnum


class Language(StrEnum):
    """A language a person reads."""

    JA = "ja"
    EN = "en"


@dataclass(frozen=True, slots=True)
class Wording:
    """One failure in one language: what happened, and what to do."""

    what: str
    action: str


@dataclass(frozen=True, slots=True)
class Said:
    """One failure in both languages."""

    ja: Wording
    en: Wording

    def in_language(self, language: Language) -> Wording:
        """The wording in `language`."""
        return self.ja if language is Language.JA else self.en


def both(ja: str, ja_action: str, en: str, en_action: str) -> Said:
    """One thing said in both languages, and what to do about it."""
    return Said(ja=Wording(what=ja, action=ja_action), en=Wording(what=en, action=en_action))
