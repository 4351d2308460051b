"""What a machine reports of itself: the address that it is given, what it may say there, and how much of it is told."""

from core.reports.desk import SHOWN_PER_WINDOW, Answer, Reports
from core.reports.hook import Hook, fitting, new_hook, opens, with_hook
from core.reports.reading import BODY_LIMIT, Report, read_report

__all__ = [
    "BODY_LIMIT",
    "SHOWN_PER_WINDOW",
    "Answer",
    "Hook",
    "Report",
    "Reports",
    "fitting",
    "new_hook",
    "opens",
    "read_report",
    "with_hook",
]
