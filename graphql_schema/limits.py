"""How much one request may ask, checked before anything is read."""

DEPTH = 12
ALIASES = 15
TOKENS = 2000
BODY = 1_000_000  # bytes
REMEMBERED_DOCUMENTS = 1000  # parsed and validated documents kept, so that a repeated query costs neither again
