"""What a form opens with where what was wished for cannot be chosen: the nearest that can, and that it is said."""

from __future__ import annotations

from bot.views.modal.fields import FIELDS
from bot.views.modal.form import Form
from core.domain.market import Market
from core.domain.validation import Limits, Problems


def fitted(form: Form, market: Market, limits: Limits) -> tuple[Form, Problems]:
    """The form as its menus can show it, so that what is counted is what is shown.

    The sentences, by field, say what was wished for and what is chosen instead.
    """
    said: Problems = {}
    for each in FIELDS:
        form, instead = each.fit(form, market, limits)
        if instead:
            said[each.name.value] = instead
    return form, said
