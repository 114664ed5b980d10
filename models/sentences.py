"""Sentences that people are told, of what strangers have written: names of files, texts of cards. Knows nothing of where they go."""

from models.shown import shown


class SentenceError(Exception):
    """An error whose message is a sentence for people: what was wrong, what is allowed, what to do. It has one line, whatever it quotes."""

    def __init__(self, sentence: str) -> None:
        super().__init__(shown(sentence))
