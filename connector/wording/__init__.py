"""What a person is told about failures and findings: in Japanese and English, what is wrong and who can do what."""

from connector.wording.failures import WORDINGS, say
from connector.wording.findings import say_of
from connector.wording.spoken import Language, Said, Wording

__all__ = ["WORDINGS", "Language", "Said", "Wording", "say", "say_of"]
