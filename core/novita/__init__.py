"""Novita's GPU instance API v1: the only place that knows its URLs, units, JSON and error reasons."""

from core.novita.client import NovitaClient
from core.novita.transport import Timeouts

__all__ = ["NovitaClient", "Timeouts"]
