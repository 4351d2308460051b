"""What a machine reports of itself: the address that it is given, what it may say there, and how much of it is told."""

from core.services.reports.hook import HookAddress, new_hook, token_matches, with_hook, within_env_limit
from core.services.reports.intake import SHOWN_PER_WINDOW, Receipt, Reports
from core.services.reports.parse import BODY_LIMIT, Report, read_report

__all__ = [
    "BODY_LIMIT",
    "SHOWN_PER_WINDOW",
    "HookAddress",
    "Receipt",
    "Report",
    "Reports",
    "new_hook",
    "read_report",
    "token_matches",
    "with_hook",
    "within_env_limit",
]
