"""Examines an installation: its settings, and everything that it stands on. `gpu-bot doctor` and `/gpu doctor`."""

from bot.doctor.diagnosis import run_checks
from bot.doctor.finding import Finding, State
from bot.doctor.installation import Installation

__all__ = ["Finding", "Installation", "State", "run_checks"]
