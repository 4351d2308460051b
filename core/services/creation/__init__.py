"""The one gate to a new instance: whoever asks, by whichever door, is let in by the same rules and recorded once.

Every door hands in a draft, an actor and a key, and gets a recorded launch or what is wrong by field. There is no other
way to a launch, so no door can forget a rule; where doors differ, that stands in `Door`.
"""

from core.services.creation.door import AGAIN, API, FORM, LINE, Door, Entry
from core.services.creation.gate import Creation, Quote
from core.services.creation.ports import Rules

__all__ = ["AGAIN", "API", "FORM", "LINE", "Creation", "Door", "Entry", "Quote", "Rules"]
