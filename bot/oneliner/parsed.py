"""What a one-liner asks for, as far as it says so."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from bot.oneliner.fields import FIELDS
from core.domain.request import Draft, InstanceRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedLine(Draft):
    """What is None or False was not said, or stays open. The channel, a webhook and variables are never in it."""

    any_region: bool = False
    """Whether "anywhere" was said, which is not the same as no word about it: there may be a default region."""
    not_understood: tuple[str, ...] = ()
    """In the order of the text, each once. Outside strings."""
    ambiguous: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """A field's name -> what it could be: several things have the words that were said, or two things were said.

    Products and regions by name, templates by id, the rest as it would be typed.
    """

    @property
    def is_clear(self) -> bool:
        """Whether all that was said was understood in one way."""
        return not self.not_understood and not self.ambiguous


def parsed_line_of(request: InstanceRequest) -> ParsedLine:
    """What asks for exactly this, as far as a line has words for it."""
    said = {name.value: getattr(request, name.value) for name in FIELDS}
    return ParsedLine(**said, no_end=request.lease is None, any_region=request.region is None)
