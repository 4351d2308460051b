"""Examines an installation: its settings, and everything that it stands on. `gpu-bot doctor` and `/gpu doctor`."""

from bot.doctor.checks import checks
from bot.doctor.examining import examine
from bot.doctor.finding import Finding, State
from bot.doctor.patient import Patient

__all__ = ["Finding", "Patient", "State", "checks", "examine"]
