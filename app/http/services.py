"""What all requests share: settings, models, metrics, the thread pool. Gives `app.state` a type. Knows no route."""

import asyncio
from dataclasses import dataclass
from typing import cast

from fastapi import Request

from app.engine.registry import ModelRegistry
from app.http.shared_work import SharedWork
from app.http.thread_pool import ThreadPool
from app.settings import Settings
from app.telemetry.metrics import Metrics


@dataclass(frozen=True)
class Services:
    """An application's `state.services`."""

    settings: Settings
    metrics: Metrics
    models: ModelRegistry
    threads: ThreadPool  # for work that would hold up the event loop
    turn: asyncio.Lock  # large bodies are parsed one after another
    scanning: asyncio.Lock  # pictures that were sent are decoded one after another, so that one at a time takes memory
    scrape: SharedWork[bytes]  # the metrics' text, which takes 15 ms


def services(request: Request) -> Services:
    return cast(Services, request.app.state.services)
