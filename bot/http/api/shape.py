"""What every JSON object that /api answers with has in common."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

from core.adapters.redis import KEEP_ENDED
from core.domain.durations import duration_words

ENDED_KEPT = duration_words(KEEP_ENDED)
"""How long an instance that has ended is still told of."""


class Shape(BaseModel):
    """One JSON object; its keys are camelCase."""

    model_config = ConfigDict(frozen=True, alias_generator=to_camel, populate_by_name=True)
