"""Prints the requirements in pyproject.toml, one a line: the service's, or those of the extra that is named."""

import sys
import tomllib
from pathlib import Path

project = tomllib.loads((Path(__file__).parent.parent / "pyproject.toml").read_text())["project"]
extras = [requirement for extra in sys.argv[1:] for requirement in project["optional-dependencies"][extra]]
print("\n".join(extras or project["dependencies"]))
