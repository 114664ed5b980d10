"""The progress of a run: a bar on a terminal, or a line every 30 seconds in a log file. Knows numbers, not networks."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, TaskProgressColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.progress import Progress as Bar

from training.run.loop import Progress

LINE_EACH_S = 30.0


@contextmanager
def progress_bar(console: Console, name: str, start: int, total_images: int) -> Iterator[Callable[[Progress], None]]:
    """Yields a function that shows a Progress: the share done, images/s, losses, D's accuracy, elapsed and remaining time."""
    columns = (
        TextColumn("[bold]{task.description}"),
        BarColumn(bar_width=None),
        TaskProgressColumn(),
        TextColumn("{task.fields[told]}"),
        TimeElapsedColumn(),
        TextColumn("ETA"),
        TimeRemainingColumn(compact=True),
    )
    began = time.monotonic()
    plain = not console.is_terminal
    said_at = began
    with Bar(*columns, console=console, disable=plain) as bar:
        task = bar.add_task(name, total=total_images, completed=start, told="")

        def show(progress: Progress) -> None:
            nonlocal said_at
            speed = (progress.images - start) / (time.monotonic() - began)
            d, g, a = progress.discriminator_loss, progress.generator_loss, progress.accuracy
            bar.update(task, completed=progress.images, told=f"{speed:,.0f}/s D {d:.2f} G {g:.2f} D right {a:.0%}")
            if plain and time.monotonic() - said_at > LINE_EACH_S:  # a log file gets a line now and then
                said_at = time.monotonic()
                eta_s = (total_images - progress.images) / speed
                console.print(
                    f"{progress.images:,}/{total_images:,} images, {speed:,.0f} images/s, "
                    f"D {d:.3f}, G {g:.3f}, D right {a:.0%}, {eta_s / 60:.1f} minutes left"
                )

        yield show
