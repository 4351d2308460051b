"""The whole examination: the settings first, then all that they lead to."""

from __future__ import annotations

from datetime import timedelta

from bot.doctor.checks import checks
from bot.doctor.installation import Installation
from bot.doctor.result import CheckResult
from bot.doctor.runner import BOUND, examine
from bot.doctor.settings import settings_findings
from core.adapters.settings import SettingProblems


async def run_checks(
    installation: Installation, problems: SettingProblems | None = None, bound: timedelta = BOUND
) -> list[CheckResult]:
    """`problems` is what is wrong with the settings; a process that runs has none."""
    return await examine(checks(installation), settings_findings(installation.settings, problems or {}), bound)
