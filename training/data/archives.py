"""ZIP archives, unpacked into a folder that is removed afterwards. Knows nothing of what is in them."""

import shutil
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path, PurePosixPath

from models import files
from models.files import FileError
from training.data.dataset import LIMIT_BYTES, DataError

LIMIT_FILES = 1_000_000
MAGIC = (b"PK\x03\x04", b"PK\x05\x06")


def unpack(file: Path, stack: ExitStack) -> Path:
    """The folder, which the stack removes. Raises DataError for an archive that is too large, broken, locked or leads elsewhere."""
    try:
        with files.opened(file) as plain, zipfile.ZipFile(plain) as archive:
            members = [member for member in archive.infolist() if not member.is_dir()]
            check(file, members)
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="kakite-")))
            for member in members:
                target = folder / member.filename
                target.parent.mkdir(parents=True, exist_ok=True)
                with archive.open(member) as packed, target.open("wb") as unpacked:
                    shutil.copyfileobj(packed, unpacked)
            return folder
    except FileNotFoundError:
        raise DataError(f"{file} does not exist any more.") from None
    except FileError as error:
        raise DataError(str(error)) from None
    except RuntimeError as error:  # also of what zipfile cannot unpack
        raise DataError(f"{file} cannot be unpacked ({error}). Unpack it yourself, and name the folder.") from None
    except (zipfile.BadZipFile, zlib.error, EOFError, IndexError, ValueError) as error:  # IndexError: of a member without a name
        raise DataError(f"{file} is no whole ZIP ({error}). Fetch it again.") from None


@contextmanager
def told_of(file: Path, folder: Path) -> Iterator[None]:
    """Within it, sentences name the archive instead of the folder that it was unpacked into."""
    try:
        yield
    except DataError as error:
        raise DataError(str(error).replace(str(folder), str(file))) from None


def check(file: Path, members: list[zipfile.ZipInfo]) -> None:
    """Raises DataError."""
    total = sum(member.file_size for member in members)
    if len(members) > LIMIT_FILES or total > LIMIT_BYTES:
        raise DataError(
            f"{file} unpacks to {len(members):,} files of {total:,} bytes; at most {LIMIT_FILES:,} and {LIMIT_BYTES:,} are unpacked. "
            "Unpack it yourself, and name the folder."
        )
    for member in members:
        place = PurePosixPath(member.filename)
        if place.is_absolute() or ".." in place.parts or "\\" in member.filename:
            raise DataError(f"{file} would write {member.filename}, outside of its folder. Do not use it.")
