"""Settings: KAKITE_* environment variables, with units in their names. Does not use them.

An empty variable counts as not set, because compose passes unset variables on as empty ones. Values that make no sense are refused.
"""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Literal, Self, TypeVar

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo, field_validator, model_validator
from pydantic_core import PydanticCustomError, PydanticKnownError
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from app.checks.api_keys import valid_keys
from app.checks.origins import valid_origins
from app.checks.root_path import valid_prefix
from models.cards import FOLDER, NAME

PREFIX = "KAKITE_"
DAY_S = 86_400
COUNTED = 2**53  # every JSON parser represents integers up to here exactly
BODY_MEMORY = 5  # a body takes this many times its size: as received, in one piece, and parsed

T = TypeVar("T")


def refused(why: str) -> PydanticCustomError:
    return PydanticCustomError("refused", "{why}", {"why": why})


def split_at_commas(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    parts = tuple(part.strip() for part in value.split(",") if part.strip())
    if value and not parts:
        raise refused("it is set and holds nothing. Leave it empty for none")
    return parts


def with_sentence(check: Callable[[T], T]) -> AfterValidator:
    """Turns a check that raises ValueError into a validator."""

    def checked(value: T) -> T:
        try:
            return check(value)
        except ValueError as error:
            raise refused(str(error)) from None

    return AfterValidator(checked)


def name_of_model(value: str) -> str:
    if not re.fullmatch(NAME, value):
        raise ValueError(f"{value[:100]} is no name of a model: small letters, digits, - and _, at most 64")
    return value


Listed = Annotated[tuple[str, ...], NoDecode, BeforeValidator(split_at_commas)]


class Settings(BaseSettings):
    """Each field is an environment variable: `batch_images` is KAKITE_BATCH_IMAGES."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="ignore", env_ignore_empty=True, hide_input_in_errors=True)

    weights: Path = Field(FOLDER, description="Folder whose *.safetensors are all loaded at start-up.")
    model: Annotated[str, with_sentence(name_of_model)] = Field("kakite", description="The model that answers when a request names none.")
    device: Literal["auto", "cuda", "mps", "cpu"] = Field("auto", description="auto takes CUDA, then MPS, then the CPU.")
    http_processes: int = Field(
        0, ge=0, le=256, description="Processes that speak HTTP; 0: half of the cores (or of KAKITE_THREADS), or all but one beside a GPU."
    )
    threads: int = Field(
        0, ge=0, le=1024, description="Threads of a forward pass on the CPU; 0: all, in small batches less one for each HTTP process."
    )
    batch_images: int = Field(64, ge=16, le=4096, description="Most images in one forward pass.")
    queue_limit_images: int = Field(1280, ge=1, le=COUNTED, description="While a model has so many images to write, the answer is 503.")
    timeout_ms: int = Field(30_000, ge=1, le=1000 * DAY_S, description="Longest wait for a request's images; beyond it the answer is 504.")
    watchdog_s: int = Field(
        30,
        ge=0,
        le=DAY_S,
        description="A model process that answers nothing for so long is killed, and the server ends with status 1; 0: never.",
    )
    body_limit_bytes: int = Field(8_388_608, ge=1024, description="Largest request body; beyond it the answer is 413.")
    memory_limit_bytes: int = Field(
        268_435_456,
        ge=201_326_592,
        le=COUNTED,
        description="Most memory for bodies, pictures and answers, in each process that speaks HTTP; beyond it the answer is 503.",
    )
    connection_limit: int = Field(
        1000, ge=1, le=1_000_000, description="Most connections at once, to each process that speaks HTTP; beyond it they get 503."
    )
    client_timeout_s: int = Field(
        20,
        ge=1,
        le=DAY_S,
        description="Longest time for a request's head, and for its body; three times as long for each 64 KiB of an answer.",
    )
    access_log: bool = Field(True, description="A line in the log for each request.")
    log: Literal["text", "json"] = Field("text", description="Log lines for people, or one JSON object a line.")
    cors_origins: Annotated[Listed, with_sentence(valid_origins)] = Field(
        (), description="Origins whose pages may ask, separated by commas; * for all. Empty: none."
    )
    root_path: Annotated[str, with_sentence(valid_prefix)] = Field(
        "", description="Path prefix under which a proxy serves it, such as /kakite, whether the proxy strips it or passes it on."
    )
    api_keys: Annotated[Listed, with_sentence(valid_keys)] = Field(
        (), repr=False, description="Keys, separated by commas, one of which every request must carry. Empty: none is needed."
    )
    api_keys_probes: bool = Field(False, description="Whether probes and /metrics need a key, too.")
    grace_s: int = Field(30, ge=0, le=DAY_S, description="Time for requests in flight to finish after SIGTERM.")

    @field_validator("*", mode="before")
    @classmethod
    def without_blanks_around(cls, value: Any, info: ValidationInfo) -> Any:
        """Strips blanks, which settings files have from Windows or by mistake. Refuses 1_0, which pydantic reads as 10."""
        if not isinstance(value, str) or not value:
            return value
        if not (stripped := value.strip()):
            raise refused("it is set and holds nothing but blanks. Leave it empty for the default")
        if "_" in stripped and cls.model_fields[str(info.field_name)].annotation is int:
            raise PydanticKnownError("int_parsing")
        return stripped

    @model_validator(mode="after")
    def work_together(self) -> Self:
        if self.api_keys_probes and not self.api_keys:
            raise refused("KAKITE_API_KEYS_PROBES is on, and there are no keys. Set KAKITE_API_KEYS, or leave it empty")
        if BODY_MEMORY * self.body_limit_bytes > self.memory_limit_bytes:
            raise refused(
                f"KAKITE_BODY_LIMIT_BYTES is {self.body_limit_bytes}, and a body takes {BODY_MEMORY} times its size, which is more than "
                f"the {self.memory_limit_bytes} of KAKITE_MEMORY_LIMIT_BYTES. Lower the one, or raise the other"
            )
        return self


def variables() -> list[str]:
    """All environment variables of the project. KAKITE_DATA belongs to training."""
    return [PREFIX + name.upper() for name in (*Settings.model_fields, "data")]
