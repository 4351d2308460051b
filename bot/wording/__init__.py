"""Every error, status and reason as the sentence a person reads: what happened, what was tried, what to do next."""

from __future__ import annotations

from bot.wording.amounts import (
    about,
    asked_for,
    disk,
    lowest,
    money,
    money_range,
    on_sale,
    region_count,
    roughly,
    spent,
)
from bot.wording.causes import BY_ITSELF, REMINDED, ByItself
from bot.wording.errors import error_words, unexpected
from bot.wording.failures import Explanation, explain, explain_order
from bot.wording.labels import (
    BILLING_URL,
    BILLING_WORDS,
    CONSOLE_URL,
    DATA_KEPT,
    END_WORDS,
    NO_PRICES,
    STATUS_EMOJI,
    STATUS_WORDS,
    STOCK_WORDS,
    VERB_DONE,
    VOLUMES_LEFT_OUT,
)
from bot.wording.reasons import cause, is_about_account, novitas_words, reason_words

__all__ = [
    "BILLING_URL",
    "BILLING_WORDS",
    "BY_ITSELF",
    "CONSOLE_URL",
    "DATA_KEPT",
    "END_WORDS",
    "NO_PRICES",
    "REMINDED",
    "STATUS_EMOJI",
    "STATUS_WORDS",
    "STOCK_WORDS",
    "VERB_DONE",
    "VOLUMES_LEFT_OUT",
    "ByItself",
    "Explanation",
    "about",
    "asked_for",
    "cause",
    "disk",
    "error_words",
    "explain",
    "explain_order",
    "is_about_account",
    "lowest",
    "money",
    "money_range",
    "novitas_words",
    "on_sale",
    "reason_words",
    "region_count",
    "roughly",
    "spent",
    "unexpected",
]
