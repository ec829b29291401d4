"""Times in words: what a text means, or why it is refused. Code decides, never a language model."""

from personal_assistant.timing.language.problems import TimeRefused
from personal_assistant.timing.language.understanding import Understood, understand, understand_sentence
from personal_assistant.timing.language.until import read_until

__all__ = ["TimeRefused", "Understood", "read_until", "understand", "understand_sentence"]
