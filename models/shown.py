"""Makes untrusted text safe to print: file names, arguments, messages of libraries. Does not know where it is printed.

A file name may hold anything but a slash and a zero byte: newlines, which would forge log lines; escape sequences for the terminal;
marks that change the reading order; bytes that are not UTF-8.
"""


def shown(text: object) -> str:
    """The text in one line, with each unprintable character as a Python escape."""
    line = str(text)
    if line.isprintable():
        return line
    return "".join(char if char.isprintable() else char.encode("unicode_escape", "backslashreplace").decode() for char in line)


def shown_lines(text: object) -> str:
    """The same for a text of several lines."""
    return "\n".join(map(shown, str(text).split("\n")))
