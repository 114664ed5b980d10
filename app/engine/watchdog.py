"""Notices a model process that answers no more: stopped, stuck in a call of a driver, lost in a loop. Knows neither HTTP nor what is asked.

Whoever asks writes down since when its oldest question has had no answer (`connection`), on the clock that the machine's processes share.
"""

import asyncio

from app.telemetry.counts import Count, now_us, unanswered_s

BEAT_S = 1  # between two signs of life of a process that speaks HTTP, where there are several
LOOK_S = 0.25  # how often it looks
ASLEEP_S = 2  # after so long without a look this process was stopped, too, and what passed before does not count


class Watch:
    """The whole mutable state: when it last looked, and since when it has looked without a long pause."""

    def __init__(self, asked_us: Count, limit_s: float, now: int) -> None:
        self.asked_us = asked_us
        self.limit_s = limit_s
        self.looked = self.awake_since = now

    def sees_it_hang(self, now: int) -> bool:
        """Whether a question has waited for longer than the limit while this process was awake."""
        if now - self.looked > 1e6 * ASLEEP_S:
            self.awake_since = now
        self.looked = now
        return min(unanswered_s(self.asked_us, now), (now - self.awake_since) / 1e6) > self.limit_s


async def until_hung(asked_us: Count, limit_s: float) -> None:
    watch = Watch(asked_us, limit_s, now_us())
    while not watch.sees_it_hang(now_us()):  # noqa: ASYNC110 - nothing tells of it
        await asyncio.sleep(LOOK_S)
