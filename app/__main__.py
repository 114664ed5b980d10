"""python -m app: serve over HTTP until SIGTERM or Ctrl-C, then finish what is in flight; or write into files."""

import sys

from app.server import signals

if __name__ == "__main__":
    signals.handle(signals.leave)  # also while modules are imported, which takes half a second

import argparse
import logging
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

from pydantic import ValidationError

from app import REVISION, __version__
from app.cli import environment
from app.engine import cores
from app.engine.process import ModelProcess, StartError
from app.server.addresses import PortError
from app.server.listening import Tcp, Unix
from app.settings import PREFIX, Settings
from app.telemetry import logs
from app.telemetry.lines import Lines
from models.interruption import INTERRUPTED
from models.shown import shown

HOST, PORT = "127.0.0.1", 8000


def main(arguments: Sequence[str] | None = None, program: str = "python -m app") -> int:
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    if not arguments or (arguments[0] not in ("-h", "--help", "--version") and arguments[0].startswith("-")):
        arguments = ["serve", *arguments]
    top = parser(program, serving_alone=arguments[0] == "serve")
    options = top.parse_args(arguments)
    if not options.run and options.uds and (options.host or options.port is not None):
        options.refuse("--uds is in place of --host and --port: give the one or the other")
    logs.configure("text")
    environment.warn()
    if not options.run and options.root_path is not None:
        os.environ[f"{PREFIX}ROOT_PATH"] = options.root_path  # where processes that it starts look, too
    try:
        settings = Settings()
        logs.configure(settings.log, logging.WARNING if options.run else logging.INFO)
        if options.run:
            signals.restore()
            from app.cli import commands

            return commands.run(options)
        address = Unix(options.uds) if options.uds else Tcp(options.host or HOST, PORT if options.port is None else options.port)
        address.refuse_taken()
        return serve(settings, address)
    except ValidationError as error:
        print("\n".join(map(shown, environment.complaints(error))), file=sys.stderr)
        return 1
    except (StartError, PortError) as error:
        print(shown(error), file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return INTERRUPTED


def parser(program: str, serving_alone: bool = False) -> argparse.ArgumentParser:
    """With all commands, or for a server with its own alone: it imports the others while the models are loaded."""
    top = argparse.ArgumentParser(prog=program, description="Handwritten digits. Settings are KAKITE_* variables: see docs/operations.md.")
    top.add_argument("--version", action="version", version=f"Kakite {__version__}, whose answers are of revision {REVISION}")
    subcommands = top.add_subparsers(title="commands", metavar="COMMAND", required=True)
    about = "serve over HTTP (the default command)"
    command = subcommands.add_parser("serve", help=about, description="Serve over HTTP, until Ctrl-C or SIGTERM.")
    command.add_argument("--host", type=host, help=f"address to listen on ({HOST})")
    command.add_argument("--port", type=port, help=f"port to listen on ({PORT})")
    command.add_argument("--uds", type=path, metavar="PATH", help="a Unix socket to listen on, in place of host and port")
    command.add_argument(
        "--root-path", metavar="PATH", help="path prefix under which a proxy serves it, such as /kakite (KAKITE_ROOT_PATH)"
    )
    command.set_defaults(run=None, refuse=command.error)
    if not serving_alone:
        from app.cli import commands

        commands.add(subcommands)
    return top


def serve(settings: Settings, address: Tcp | Unix) -> int:
    """Until it is told to end, and then 0; 1 where the model process has ended, so that whoever keeps the server running starts it anew.
    Ends this program if it is told to while the models are loaded. Raises StartError."""
    process = ModelProcess(settings)
    lines = Lines(sys.stderr.fileno())
    logs.configure(settings.log, stream=lines)

    def leave(number: int, frame: FrameType | None) -> None:
        """Until there is something to finish."""
        process.kill()
        signals.leave(number, frame)

    signals.handle(leave)
    try:
        if cores.http_processes(settings.http_processes, settings.threads, "cpu") == 1:
            from app.server import serving  # here, for it takes half a second in which the models are loaded
        served = process.wait_until_loaded()
        environment.tell_who_may_ask(settings, address)
        processes = cores.http_processes(settings.http_processes, settings.threads, served[0].device)
        if processes == 1:
            from app.server import serving

            with listening(address) as place:
                status = serving.run(settings, process.connect(), lines, on_hang=process.kill_hung, **place)
        else:
            from app.server.supervisor import Supervisor

            status = Supervisor(settings, process, served, processes, address).run()
        process.close()
        return status
    except BaseException:
        signals.ignore()
        process.kill()
        raise
    finally:
        lines.close()


@contextmanager
def listening(address: Tcp | Unix) -> Iterator[dict[str, Any]]:
    """As uvicorn takes the address of one process."""
    if isinstance(address, Tcp):
        yield {"host": address.host, "port": address.port}
    else:
        with address.sockets(1) as [one]:
            yield {"fd": one.fileno()}


def host(text: str) -> str:
    if not text or not text.isprintable() or " " in text:
        raise argparse.ArgumentTypeError(f"{text!r} is no address: name one, as {HOST}, or 0.0.0.0 for all that this machine has")
    return text


def port(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 5 and int(text) <= 65535):
        raise argparse.ArgumentTypeError(f"{text!r} is no port: a number from 0 to 65535; 0 takes one that is free")
    return int(text)


def path(text: str) -> Path:
    if not text or text.endswith("/"):
        raise argparse.ArgumentTypeError(f"{text!r} is no file: name a socket, as /run/kakite/kakite.sock")
    return Path(text)


if __name__ == "__main__":
    sys.exit(main())
