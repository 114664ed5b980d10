"""What is told of the environment before a start: variables that mean nothing, values that were not meant so, and who may ask.

Knows the names of settings, not what they do.
"""

import difflib
import logging
import os

from pydantic import ValidationError

from app.server.listening import Address
from app.settings import PREFIX, Settings, variables

log = logging.getLogger("kakite")


def warn() -> None:
    """Of each variable that is no setting, and of blanks around a value, which are left out."""
    known = variables()
    for name, value in sorted(os.environ.items()):
        setting = name.upper()  # as they are read
        if setting.startswith(PREFIX) and setting not in known:
            near = difflib.get_close_matches(setting.removeprefix(PREFIX), [one.removeprefix(PREFIX) for one in known], n=1)
            log.warning("%s is no setting. There are: %s.%s", name, ", ".join(known), f" Is {PREFIX}{near[0]} meant?" if near else "")
        elif setting in known and value.strip() and value != value.strip():
            log.warning("%s has blanks around its value. They are left out.", name)


def complaints(error: ValidationError) -> list[str]:
    """A sentence for each setting that cannot be, and what it is for. None tells a value that is a secret."""
    told = []
    for item in error.errors(include_input=False, include_url=False, include_context=False):
        name = str(item["loc"][0]) if item["loc"] else None
        about = f" {Settings.model_fields[name].description}" if name else ""
        told.append(f"{f'{PREFIX}{name.upper()}: ' if name else ''}{item['msg']}.{about}")
    return told


def tell_who_may_ask(settings: Settings, address: Address) -> None:
    if settings.api_keys:
        keys = "the key" if len(settings.api_keys) == 1 else f"one of {len(settings.api_keys)} keys"
        probes = "need one, too" if settings.api_keys_probes else "need none"
        log.info("API keys are on: who asks must send %s; probes and /metrics %s.", keys, probes)
    elif address.is_private:
        log.info("API keys are off: who reaches this machine's own address may ask.")
    else:
        log.warning("API keys are off, and other machines may reach this address: whoever does may ask. KAKITE_API_KEYS turns them on.")
