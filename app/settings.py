"""Settings: KAKITE_* environment variables, units in their names. Knows nothing of what they are for."""

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field
from pydantic_core import PydanticCustomError
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from app import prefix
from models.cards import FOLDER


def split_at_commas(value: Any) -> Any:
    return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value


def prefix_of_paths(value: str) -> str:
    try:
        return prefix.checked(value)
    except ValueError as error:
        raise PydanticCustomError("root_path", "{why}", {"why": str(error)}) from None


Listed = Annotated[tuple[str, ...], NoDecode, BeforeValidator(split_at_commas)]

PREFIX = "KAKITE_"


class Settings(BaseSettings):
    """Each field is an environment variable: `batch_images` is KAKITE_BATCH_IMAGES."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="ignore")

    weights: Path = Field(FOLDER, description="Folder whose *.safetensors are all loaded at start-up.")
    model: str = Field("kakite", description="The model that answers when a request names none.")
    device: Literal["auto", "cuda", "mps", "cpu"] = Field("auto", description="auto takes CUDA, then MPS, then the CPU.")
    http_processes: int = Field(
        0, ge=0, le=256, description="Processes that speak HTTP; 0: half of the cores (or of KAKITE_THREADS), or all but one beside a GPU."
    )
    threads: int = Field(
        0, ge=0, description="Threads of a forward pass on the CPU; 0: all, in small batches less one for each HTTP process."
    )
    batch_images: int = Field(64, ge=16, le=4096, description="Most images in one forward pass.")
    queue_limit_images: int = Field(1280, ge=1, description="While a model has so many images to write, the answer is 503.")
    timeout_ms: int = Field(30_000, ge=1, description="Longest wait for a request's images; beyond it the answer is 504.")
    watchdog_s: int = Field(
        30, ge=0, description="A model process that answers nothing for so long is killed, and the server ends with status 1; 0: never."
    )
    body_limit_bytes: int = Field(4_194_304, ge=1024, description="Largest request body; beyond it the answer is 413.")
    memory_limit_bytes: int = Field(
        268_435_456,
        ge=201_326_592,
        description="Most memory that bodies, pictures and answers in progress may take; beyond it the answer is 503.",
    )
    connection_limit: int = Field(
        1000, ge=1, description="Most connections at once, to each process that speaks HTTP; beyond it they get 503."
    )
    client_timeout_s: int = Field(
        20, ge=1, description="Longest time for a request's head, and for its body; for 64 KiB of an answer thrice."
    )
    access_log: bool = Field(True, description="A line in the log for each request.")
    log: Literal["text", "json"] = Field("text", description="Log lines for people, or one JSON object a line.")
    cors_origins: Listed = Field((), description="Origins whose pages may ask, separated by commas; * for all. Empty: none.")
    root_path: Annotated[str, AfterValidator(prefix_of_paths)] = Field(
        "", description="Path before which it lies behind a proxy, as /kakite, whether the proxy takes it off or passes it on."
    )
    api_keys: Listed = Field((), description="Keys, separated by commas, one of which every request must carry. Empty: none is needed.")
    api_keys_probes: bool = Field(False, description="Whether probes and /metrics need a key, too.")
    grace_s: int = Field(30, ge=0, description="Time for requests in flight to finish after SIGTERM.")


def variables() -> list[str]:
    """The environment variables that mean something to the project; the data's folder is training's."""
    return [PREFIX + name.upper() for name in (*Settings.model_fields, "data")]
