"""Examines an installation: its settings, and everything that it stands on. `gpu-bot doctor` and `/gpu doctor`."""

from bot.doctor.diagnosis import diagnose
from bot.doctor.finding import Finding, State
from bot.doctor.patient import Patient

__all__ = ["Finding", "Patient", "State", "diagnose"]
