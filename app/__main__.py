"""python -m app: serve over HTTP until SIGTERM or Ctrl-C, then finish what is in flight."""

import argparse
import logging
import sys

import uvicorn
from pydantic import ValidationError

from app.main import create_app
from app.settings import Settings
from models.device import DeviceError
from models.weights import WeightsError


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m app", description="Serve handwritten digits. Settings: KAKITE_* variables, see the README."
    )
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (127.0.0.1)")
    parser.add_argument("--port", type=int, default=8000, help="port to listen on (8000)")
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(levelname)s:     %(message)s")
    try:
        settings = Settings()
        app = create_app(settings)
    except ValidationError as error:
        for item in error.errors():
            print(f"KAKITE_{'_'.join(map(str, item['loc'])).upper()}: {item['msg']}.", file=sys.stderr)
        return 1
    except (WeightsError, DeviceError) as error:
        print(error, file=sys.stderr)
        return 1
    uvicorn.run(
        app,
        host=options.host,
        port=options.port,
        loop="uvloop",
        http="httptools",
        timeout_graceful_shutdown=settings.grace_s,
        access_log=settings.access_log,
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
