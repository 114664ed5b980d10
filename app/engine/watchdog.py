"""Notices a model process that hangs: stopped, stuck in a driver, in an endless loop. Knows neither HTTP nor what the questions are.

Each HTTP process publishes the time of its oldest open question (`connection`), on the clock that all processes of the machine share.
"""

import asyncio

from app.telemetry.counts import Count, now_us, unanswered_s

BEAT_S = 1  # between two heartbeats of an HTTP process, where there are several
LOOK_S = 0.25  # between two checks
ASLEEP_S = 2  # after so long without a check this process itself was stopped, so the time before does not count


class Watch:
    """The whole mutable state: the time of the last check, and the time since when there was no long pause between checks."""

    def __init__(self, asked_us: Count, limit_s: float, now: int) -> None:
        self.asked_us = asked_us
        self.limit_s = limit_s
        self.looked = self.awake_since = now

    def sees_it_hang(self, now: int) -> bool:
        """Whether a question has been open for longer than the limit while this process was awake."""
        if now - self.looked > 1e6 * ASLEEP_S:
            self.awake_since = now
        self.looked = now
        return min(unanswered_s(self.asked_us, now), (now - self.awake_since) / 1e6) > self.limit_s


async def until_hung(asked_us: Count, limit_s: float) -> None:
    watch = Watch(asked_us, limit_s, now_us())
    while not watch.sees_it_hang(now_us()):  # noqa: ASYNC110 - there is no event to wait for
        await asyncio.sleep(LOOK_S)
