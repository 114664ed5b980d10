"""python -m app: serve over HTTP until SIGTERM or Ctrl-C, then finish what is in flight; or write into files."""

import argparse
import logging
import os
import signal
import sys

from pydantic import ValidationError

from app import addresses, cores, logs
from app.addresses import PortError
from app.lines import Lines
from app.process import ModelProcess, StartError
from app.settings import PREFIX, Settings, variables
from models.shown import shown

log = logging.getLogger("kakite")


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m app", description="Handwritten digits. Settings are KAKITE_* variables: see the README."
    )
    subcommands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    serve_parser = subcommands.add_parser("serve", help="serve over HTTP (what is done where no command is named)")
    serve_parser.add_argument("--host", default="127.0.0.1", help="address to listen on (127.0.0.1)")
    serve_parser.add_argument("--port", type=port, default=8000, help="port to listen on (8000)")
    serve_parser.add_argument("--root-path", metavar="PATH", help="path before which it lies behind a proxy, as /kakite (KAKITE_ROOT_PATH)")
    serve_parser.set_defaults(run=None)
    arguments = sys.argv[1:]
    if not arguments or (arguments[0] not in ("-h", "--help") and arguments[0].startswith("-")):
        arguments = ["serve", *arguments]
    if arguments[0] != "serve":
        from app import commands  # here, for a server imports it while the models are loaded

        commands.add(subcommands)
    options = parser.parse_args(arguments)
    logs.configure("text")
    for name in sorted(name for name in os.environ if name.startswith(PREFIX) and name not in variables()):
        log.warning("%s is no setting. There are: %s", name, ", ".join(variables()))
    if not options.run and options.root_path is not None:
        os.environ[f"{PREFIX}ROOT_PATH"] = options.root_path  # where processes that it starts look, too
    try:
        settings = Settings()
        logs.configure(settings.log, logging.WARNING if options.run else logging.INFO)
        if options.run:
            return commands.run(options)
        addresses.refuse_taken(options.host, options.port)
        return serve(settings, options.host, options.port)
    except ValidationError as error:
        for item in error.errors():
            print(shown(f"{PREFIX}{'_'.join(map(str, item['loc'])).upper()}: {item['msg']}."), file=sys.stderr)
        return 1
    except (StartError, PortError) as error:
        print(shown(error), file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130  # while the models were loaded; what a shell reports of a program that Ctrl-C ended


def serve(settings: Settings, host: str, port: int) -> int:
    """Until it is told to end, and then 0; 1 where the model process has ended, so that whoever keeps the server running starts it anew.
    Raises StartError, and KeyboardInterrupt while the models are loaded; afterwards Ctrl-C is taken as SIGTERM is."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) != signal.SIG_IGN:  # as under nohup
            signal.signal(number, lambda *_: sys.exit(0))  # until there is something to finish
    process = ModelProcess(settings)
    lines = Lines(sys.stderr.fileno())
    logs.configure(settings.log, stream=lines)
    try:
        if cores.http_processes(settings.http_processes, settings.threads, "cpu") == 1:
            from app import serving  # here, for it takes half a second in which the models are loaded
        served = process.wait_until_loaded()
        processes = cores.http_processes(settings.http_processes, settings.threads, served[0].device)
        if processes == 1:
            from app import serving

            status = serving.run(settings, process.connect(), lines, on_hang=process.kill_hung, host=host, port=port)
        else:
            from app.supervisor import Supervisor

            status = Supervisor(settings, process, served, processes, host, port).run()
        process.close()
        return status
    except BaseException:
        process.kill()
        raise
    finally:
        lines.close()


def port(text: str) -> int:
    number = int(text)
    if not 0 <= number <= 65535:
        raise argparse.ArgumentTypeError(f"{number} is not from 0 to 65535")
    return number


if __name__ == "__main__":
    sys.exit(main())
