"""The create modal: drawn from what is for sale, read back into a form, checked, and told how it went."""

from bot.views.modal.check import check, errors_by_block
from bot.views.modal.create import create_view
from bot.views.modal.fitting import fitted
from bot.views.modal.form import Form, ModalContext, draft, opening_form, read_context, read_form
from bot.views.modal.options import template_options
from bot.views.modal.outcome import creating_view, loading_view, outcome_view, problem_view

__all__ = [
    "Form",
    "ModalContext",
    "check",
    "create_view",
    "creating_view",
    "draft",
    "errors_by_block",
    "fitted",
    "loading_view",
    "opening_form",
    "outcome_view",
    "problem_view",
    "read_context",
    "read_form",
    "template_options",
]
