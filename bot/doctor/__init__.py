"""Examines an installation: its settings, and everything that it stands on. `gpu-bot doctor` and `/gpu doctor`."""

from bot.doctor.diagnosis import run_checks
from bot.doctor.installation import Installation
from bot.doctor.result import CheckResult, State

__all__ = ["CheckResult", "Installation", "State", "run_checks"]
