"""Text of others as it may stand in a line: names of files, arguments, what libraries say. Knows nothing of where the line goes.

A name may hold anything but a slash and a zero: a line's end, which would forge a line of the log; escape sequences, by which a terminal
is told to do things; marks that turn the reading order; bytes that are no text.
"""


def shown(text: object) -> str:
    """In one line, without a character that cannot be seen; each of those is written as Python would write it."""
    seen = str(text)
    if seen.isprintable():
        return seen
    return "".join(one if one.isprintable() else one.encode("unicode_escape", "backslashreplace").decode() for one in seen)


def shown_lines(text: object) -> str:
    """The same for what is meant to have several lines."""
    return "\n".join(map(shown, str(text).split("\n")))
