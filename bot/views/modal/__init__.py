"""The create modal: drawn from what is for sale, read back into a form, checked, and told how it went."""

from bot.views.modal.check import errors_by_block, preview_check
from bot.views.modal.create import create_view
from bot.views.modal.fitting import fitted
from bot.views.modal.form import Form, ModalContext, form_of, rankable, read_context
from bot.views.modal.inputs import read_form
from bot.views.modal.options import template_options
from bot.views.modal.outcome import creating_view, loading_view, outcome_view, problem_view

__all__ = [
    "Form",
    "ModalContext",
    "create_view",
    "creating_view",
    "errors_by_block",
    "fitted",
    "form_of",
    "loading_view",
    "outcome_view",
    "preview_check",
    "problem_view",
    "rankable",
    "read_context",
    "read_form",
    "template_options",
]
