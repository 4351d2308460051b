"""Reads the settings from the environment and from `.env` in the working directory, and refuses wrong ones."""

from __future__ import annotations

from core.adapters.settings.loading import examine, for_web, for_worker, load
from core.adapters.settings.problems import SettingProblems, unknown_regions
from core.adapters.settings.settings import Settings
from core.adapters.settings.values import REGION_PRIORITY, is_this_machine

__all__ = [
    "REGION_PRIORITY",
    "SettingProblems",
    "Settings",
    "examine",
    "for_web",
    "for_worker",
    "is_this_machine",
    "load",
    "unknown_regions",
]
