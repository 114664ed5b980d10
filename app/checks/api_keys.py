"""Checks API keys from the settings: that clients can send them, and that they are not unfilled placeholders. No message shows a key.
Knows nothing of requests.
"""

import re
from collections.abc import Sequence

# What an unfilled template leaves, or one that was filled in from nothing.
PLACEHOLDER = re.compile(
    r"""
    .* (\$\{ | \$\( | \#\{ | \{\{ | \}\}) .*      # ${KEY}, $(KEY), #{KEY}#, {{ key }}
    | < .* >? | \{ .* \} | \[ .* \]                # <your key>, {key}, [key]
    | %[^%]+% | @[^@]+@ | __\w+__                # %KEY%, @KEY@, __KEY__
    | \$[A-Za-z_][A-Za-z0-9_:]*                  # $KEY, $env:KEY
    | null | none | nil | undefined
    """,
    re.IGNORECASE | re.VERBOSE,
)
QUOTES = "\"'`"


def valid_keys(keys: Sequence[str]) -> tuple[str, ...]:
    """The keys without duplicates. Raises ValueError for an unusable key, and names it by its number."""
    for number, key in enumerate(keys, start=1):
        if cause := unusable(key):
            raise ValueError(f"key {number} of {len(keys)} {cause}")
    return tuple(dict.fromkeys(keys))


def unusable(key: str) -> str | None:
    """Why the key is unusable; None if it is usable."""
    if PLACEHOLDER.fullmatch(key):
        return "is a placeholder that nobody has filled in, such as ${KEY}. Put a key in its place, or leave the variable empty for none"
    if key[0] in QUOTES or key[-1] in QUOTES:
        return "begins or ends with a quotation mark, which here is part of the key. Leave the marks away"
    if any(char.isspace() for char in key):
        return "has a blank within, which a header cannot carry there. Separate keys by commas"
    if not key.isprintable() or not all(ord(char) < 256 for char in key):
        return "has a character that a header cannot carry. Take letters, digits and signs of ASCII"
    return None
