"""Settings mean what was meant, or the start is refused with a sentence; an empty one is none; and no key is ever told."""

import logging
import os
import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import ValidationError

from app.cli import environment
from app.server.listening import Address, Tcp, Unix
from app.settings import PREFIX, Settings, variables
from tests.running import PATIENCE_S, free_port


def complaint(monkeypatch: pytest.MonkeyPatch, **values: str) -> str:
    """What is told of settings that are refused."""
    for name, value in values.items():
        monkeypatch.setenv(PREFIX + name.upper(), value)
    with pytest.raises(ValidationError) as caught:
        Settings()
    assert not values.get("api_keys", "").strip(" ,") or values["api_keys"] not in str(caught.value)  # nor in a traceback
    told = environment.complaints(caught.value)
    assert told
    return "\n".join(told)


def test_every_setting_that_is_empty_is_its_default(monkeypatch: pytest.MonkeyPatch) -> None:
    """As docker compose passes on what nobody has set."""
    plain = Settings()
    for name in variables():
        monkeypatch.setenv(name, "")
    assert Settings() == plain


@pytest.mark.parametrize("name", Settings.model_fields)
def test_no_setting_is_nothing_but_blanks(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert complaint(monkeypatch, **{name: " \t"}).startswith(f"KAKITE_{name.upper()}: it is set and holds nothing but blanks. Leave it")


def test_blanks_around_a_value_are_left_out_and_told_of(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    for name, value in {"LOG": "json\r", "MODEL": " dcgan", "GRACE_S": "5 ", "WEIGHTS": " /weights ", "ACCESS_LOG": "no "}.items():
        monkeypatch.setenv(PREFIX + name, value)
    settings = Settings()
    assert (settings.log, settings.model, settings.grace_s, settings.access_log) == ("json", "dcgan", 5, False)
    assert settings.weights == Path("/weights")
    environment.warn()
    assert [record.getMessage() for record in caplog.records] == [
        f"KAKITE_{name} has blanks around its value. They are left out." for name in ("ACCESS_LOG", "GRACE_S", "LOG", "MODEL", "WEIGHTS")
    ]


@pytest.mark.parametrize(
    "text",
    [
        ",", " , ,", ",,", "${KEYS}", "$KEYS", "$(KEYS)", "$(cat /run/keys)", "{{ keys }}", "{{keys}}", "${{ secrets.KEYS }}", "<your key>",
        "<key>", "<no value>", "%KEYS%", "@KEYS@", "#{KEYS}#", "{keys}", "[keys]", "__KEYS__", "$env:KEYS", "${KEYS:-a,b}", "null", "None",
        "undefined", "two words", "a\tb", "a\u00a0b", "a\x7fb", "a\x1b[31mb", "\u9375", "\U0001f511", '"key"', "'key'", "good-key,${KEYS}",
        "good-key, two words",
    ],
)  # fmt: skip
def test_keys_that_are_set_and_could_not_be_meant_are_refused_and_not_told(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    told = complaint(monkeypatch, api_keys=text)
    assert told.startswith("KAKITE_API_KEYS: ")
    assert told.isprintable()
    assert "good-key" not in told


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("a,,b", ("a", "b")),
        ("a,", ("a",)),
        (" a , b ", ("a", "b")),
        ("a,a", ("a",)),
        ("$2b$12$Cy/0", ("$2b$12$Cy/0",)),
        ("pa$$word!%&=+/~^{}", ("pa$$word!%&=+/~^{}",)),
        ("schl\u00fcssel", ("schl\u00fcssel",)),
    ],
)
def test_an_empty_entry_among_keys_is_none_and_odd_keys_are_keys(text: str, keys: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KAKITE_API_KEYS", text)
    assert Settings().api_keys == keys
    assert not any(key in repr(Settings()) for key in keys if len(key) > 5)


@pytest.mark.parametrize(
    ("text", "origins"),
    [
        ("*", ("*",)),
        ("https://digits.example", ("https://digits.example",)),
        ("https://Digits.Example/", ("https://digits.example",)),
        ("HTTPS://digits.example:443", ("https://digits.example",)),
        ("http://localhost:3000, http://[::1]:80/", ("http://localhost:3000", "http://[::1]")),
        ("https://a.example,,https://A.example,", ("https://a.example",)),
        ("chrome-extension://abcdef", ("chrome-extension://abcdef",)),
        ("http://127.0.0.1:8000", ("http://127.0.0.1:8000",)),
        ("http://[0:0::1]:8000, http://[2001:DB8::]", ("http://[::1]:8000", "http://[2001:db8::]")),
        ("http://a-b.c_d.example1", ("http://a-b.c_d.example1",)),
    ],
)
def test_origins_are_put_as_browsers_send_them(text: str, origins: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KAKITE_CORS_ORIGINS", text)
    assert Settings().cors_origins == origins


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("digits.example", "has no scheme"),
        ("localhost:3000", "has no scheme"),
        ("//digits.example", "has no scheme|is no origin"),
        ("null", "is not allowed"),
        ("https://digits.example/app", "has a path"),
        ("https://digits.example?x", "has a path"),
        ("https://*.example", "matches nobody"),
        ("*.example", "has no scheme"),
        ("*, https://digits.example", "stands alone"),
        ("https://user@digits.example", "is no origin"),
        ("https://digits.example:99999", "a port that is not"),
        ("https://b\u00fccher.example", "xn--"),
        ("https://", "is no origin"),
        ("ftp://digits.example", "the origin of no page"),
        ("wss://digits.example", "the origin of no page"),
        ("http://127.1", "a host that no browser sends"),
        ("http://0x7f.1", "a host that no browser sends"),
        ("http://2130706433", "a host that no browser sends"),
        ("http://1.2.3.04", "a host that no browser sends"),
        ("http://example.0x7f", "a host that no browser sends"),
        ("http://[1::2::3]", "a host that no browser sends"),
        ("http://a..b", "is no origin"),
        (f"http://{64 * 'a'}.example", "is no origin"),
        ("file:///", "has a path|is no origin"),
        ("${ORIGIN}", "has no scheme"),
        (",", "holds nothing"),
    ],
)
def test_origins_that_no_browser_sends_are_refused_with_those_that_are_allowed(
    text: str, cause: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = complaint(monkeypatch, cors_origins=text)
    assert told.startswith("KAKITE_CORS_ORIGINS: ")
    assert any(one in told for one in cause.split("|"))


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"model": "two words"}, "KAKITE_MODEL: two words is no name of a model: small letters, digits, - and _"),
        ({"model": "../kakite"}, "is no name of a model"),
        ({"batch_images": "6_4"}, "KAKITE_BATCH_IMAGES: Input should be a valid integer"),
        ({"model": "Kakite"}, "is no name of a model"),
        ({"timeout_ms": "0"}, "KAKITE_TIMEOUT_MS: Input should be greater than or equal to 1. Longest wait for a request's images"),
        ({"timeout_ms": "9" * 30}, "KAKITE_TIMEOUT_MS: Input should be less than or equal to 86400000"),
        ({"threads": "1000000"}, "KAKITE_THREADS: Input should be less than or equal to 1024"),
        ({"connection_limit": "9" * 30}, "KAKITE_CONNECTION_LIMIT: Input should be less than or equal to"),
        ({"grace_s": "-1"}, "KAKITE_GRACE_S: Input should be greater than or equal to 0"),
        ({"grace_s": "half"}, "KAKITE_GRACE_S: Input should be a valid integer"),
        ({"access_log": "perhaps"}, "KAKITE_ACCESS_LOG: Input should be a valid boolean"),
        ({"device": "tpu"}, "KAKITE_DEVICE: Input should be 'auto', 'cuda', 'mps' or 'cpu'"),
        ({"api_keys_probes": "true"}, "KAKITE_API_KEYS_PROBES is on, and there are no keys"),
        ({"body_limit_bytes": "100000000"}, "KAKITE_BODY_LIMIT_BYTES is 100000000, and a body takes 5 times its size"),
    ],
)
def test_what_cannot_be_or_cannot_work_together_is_refused_with_what_is_allowed(
    values: dict[str, str], sentence: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert sentence in complaint(monkeypatch, **values)


def test_variable_that_is_no_setting_is_told_of_with_the_nearest(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    monkeypatch.setenv("KAKITE_WIEGHTS", "x")
    monkeypatch.setenv("kakite_apikeys", "x")
    monkeypatch.setenv("kakite_log", "text")
    monkeypatch.setenv("KAKITE_ZZZ", "x")
    environment.warn()
    told = [record.getMessage() for record in caplog.records]
    assert len(told) == 3
    assert told[0].startswith("KAKITE_WIEGHTS is no setting. There are: KAKITE_WEIGHTS, KAKITE_MODEL")
    assert told[0].endswith("Is KAKITE_WEIGHTS meant?")
    assert "meant?" not in told[1]
    assert told[2].endswith("Is KAKITE_API_KEYS meant?")


@pytest.mark.parametrize(
    ("values", "address", "level", "told"),
    [
        ({}, Tcp("127.0.0.1", 1), logging.INFO, "API keys are off"),
        ({}, Tcp("localhost", 1), logging.INFO, "API keys are off"),
        ({}, Tcp("::1", 1), logging.INFO, "API keys are off"),
        ({}, Unix(Path("/run/kakite.sock")), logging.INFO, "API keys are off"),
        ({}, Tcp("0.0.0.0", 1), logging.WARNING, "KAKITE_API_KEYS turns them on"),
        ({}, Tcp("::", 1), logging.WARNING, "KAKITE_API_KEYS turns them on"),
        ({}, Tcp("digits.example", 1), logging.WARNING, "KAKITE_API_KEYS turns them on"),
        ({"api_keys": "geheim"}, Tcp("0.0.0.0", 1), logging.INFO, "must send the key; probes and /metrics need none"),
        ({"api_keys": "geheim,b"}, Tcp("0.0.0.0", 1), logging.INFO, "must send one of 2 keys; probes and /metrics need none"),
        ({"api_keys": "geheim,b", "api_keys_probes": True}, Tcp("0.0.0.0", 1), logging.INFO, "probes and /metrics need one, too"),
    ],
)
def test_start_tells_who_may_ask(values: dict[str, str], address: Address, level: int, told: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    environment.tell_who_may_ask(Settings.model_validate(values), address)
    [record] = caplog.records
    assert record.levelno == level
    assert told in record.getMessage()
    assert "geheim" not in record.getMessage()


def test_start_with_keys_that_nobody_filled_in_ends_with_one_sentence() -> None:
    command = [sys.executable, "-m", "app", "--port", str(free_port())]
    environment = {**os.environ, "KAKITE_API_KEYS": "geheim-${KEYS}"}
    process = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=PATIENCE_S, check=False)
    assert process.returncode == 1
    [sentence] = process.stderr.splitlines()
    assert sentence.startswith("KAKITE_API_KEYS: key 1 of 1 is a placeholder that nobody has filled in")
    assert "geheim" not in sentence
