"""The words for states, stock, billing and what is done to an instance."""

from __future__ import annotations

from core.domain import leases, transitions, validation
from core.domain.durations import duration_words
from core.domain.instance import Status
from core.domain.market import Stock
from core.domain.order import Verb
from core.domain.request import LeaseEnd

CONSOLE_URL = "https://novita.ai/gpus-console"
"""Where an instance can be seen, stopped and deleted by hand."""

BILLING_URL = "https://novita.ai/billing"
"""Where the Novita account is topped up."""

NO_PRICES = "Novita has not answered with its prices, so there is no form to fill yet. Try again in a minute."

DATA_KEPT = f"at most {duration_words(leases.DATA_KEPT)}"
"""How long Novita keeps the data of what is stopped."""

VOLUMES_LEFT_OUT = "without its volumes"
"""Of a template with local volumes, which Novita's create has no field for (API.md, Templates)."""

STATUS_WORDS = transitions.STATUS_WORDS

STATUS_EMOJI: dict[Status, str] = {
    Status.CREATING: "🟡",
    Status.STARTING: "🟡",
    Status.RUNNING: "🟢",
    Status.STOPPING: "🟠",
    Status.STOPPED: "⏸️",
    Status.DELETING: "🟠",
    Status.DELETED: "⚪",
    Status.FAILED: "🔴",
    Status.UNKNOWN: "❔",
}

BILLING_WORDS = validation.BILLING_WORDS

VERB_DONE: dict[Verb, str] = {
    Verb.START: "started",
    Verb.STOP: "stopped",
    Verb.RESTART: "restarted",
    Verb.DELETE: "deleted",
}

END_WORDS: dict[LeaseEnd, str] = {LeaseEnd.STOP: "stopped", LeaseEnd.DELETE: "deleted with its data"}

STOCK_WORDS: dict[Stock, str] = {
    Stock.NONE: "no stock listed",
    Stock.LOW: "stock low",
    Stock.NORMAL: "stock normal",
    Stock.HIGH: "stock high",
    Stock.UNKNOWN: "stock unknown",
}
