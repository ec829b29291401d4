"""The background half of a personal assistant."""

__version__ = "0.1.0"
