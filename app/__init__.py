"""The service. A request goes from schemas to rows, through the batcher to the model process, and comes back as pixels to the encoders.

Imports `models`, never `training`.
"""

__version__ = "0.2.0"
REVISION = 3  # of what is answered: to be raised with any change of any answer's bytes, which tests/test_golden.py notices
