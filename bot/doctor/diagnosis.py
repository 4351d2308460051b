"""The whole examination: the settings first, then all that they lead to."""

from __future__ import annotations

from datetime import timedelta

from bot.doctor.checks import checks
from bot.doctor.examining import BOUND, examine
from bot.doctor.finding import Finding
from bot.doctor.patient import Patient
from bot.doctor.settings import settings_findings
from core.settings import Problems


async def diagnose(patient: Patient, problems: Problems | None = None, bound: timedelta = BOUND) -> list[Finding]:
    """`problems` is what is wrong with the settings; a process that runs has none."""
    return await examine(checks(patient), settings_findings(patient.settings, problems or {}), bound)
