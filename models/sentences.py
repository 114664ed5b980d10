"""Error sentences for people that quote untrusted text, such as file names and cards. Does not know where they are shown."""

from models.shown import shown


class SentenceError(Exception):
    """An error whose message is a sentence for people: what was wrong, what is allowed, what to do. It is one line, whatever it quotes."""

    def __init__(self, sentence: str) -> None:
        super().__init__(shown(sentence))
