"""The README and the pages of docs, as a program reads them: links, headings and fenced blocks. Knows nothing of what they say."""

import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("tests/data/*.md")])
RUN = ("sh", "python")
SHOWN = ("dockerfile", "ini", "js", "json", "mermaid", "nginx", "text", "yaml")
FILE = re.compile(r"# (\w+\.py)\n")  # how a block begins that is to be saved as a file of that name
NOT_RUN = "# not run by the tests:"  # what the first line of a block begins with that is left alone; the reason follows

FENCED = re.compile(r"^( *)```(\w*)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
CODE = re.compile(r"`[^`\n]*`")
LINK = re.compile(r"\]\(([^()\s]+(?:\([^()\s]*\))?)\)|<(?:img|source)[^>]* src(?:set)?=\"([^\"]+)\"")
HEADING = re.compile(r"^#+ +(.+)$", re.MULTILINE)


@dataclass(frozen=True)
class Block:
    """What stands between two fences."""

    language: str
    text: str
    line: int

    @property
    def is_run(self) -> bool:
        return self.language in RUN and not self.text.startswith(NOT_RUN)


def name(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def blocks(page: Path) -> list[Block]:
    text = page.read_text()
    found = []
    for match in FENCED.finditer(text):
        indent, language, inside = match.groups()
        found.append(Block(language, re.sub(f"^{indent}", "", inside, flags=re.MULTILINE), text.count("\n", 0, match.start()) + 1))
    return found


def prose(page: Path) -> str:
    """Without fenced blocks."""
    return FENCED.sub("", page.read_text())


def links(page: Path) -> list[str]:
    """Targets of links and pictures."""
    return [first or second for first, second in LINK.findall(CODE.sub("", prose(page)))]


def anchors(page: Path) -> set[str]:
    """What GitHub makes of the headings."""
    found: set[str] = set()
    seen: Counter[str] = Counter()
    for heading in HEADING.findall(prose(page)):
        words = re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", heading).strip().lower()
        anchor = re.sub(r"[^\w\- ]", "", words).replace(" ", "-")
        found.add(f"{anchor}-{seen[anchor]}" if seen[anchor] else anchor)
        seen[anchor] += 1
    return found


def rows(text: str) -> list[list[str]]:
    """The cells of all its tables' rows."""
    return [[cell.strip() for cell in line.strip().strip("|").split("|")] for line in text.splitlines() if line.startswith("|")]
