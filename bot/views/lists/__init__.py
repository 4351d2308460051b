"""Answers that list something, for one person's eyes: instances, offers, templates, and what a name may have meant."""

from bot.views.details import details as status
from bot.views.lists.instances import instance_list, nothing_fits
from bot.views.lists.market import offer_list, template_list
from bot.views.lists.naming import choose, nothing_named

__all__ = ["choose", "instance_list", "nothing_fits", "nothing_named", "offer_list", "status", "template_list"]
