"""Novita's GPU instance API v1: the only place that knows its URLs, units, JSON and error reasons."""

from core.adapters.novita.client import NovitaClient
from core.adapters.novita.transport import Timeouts

__all__ = ["NovitaClient", "Timeouts"]
