"""How long whoever plays with the make-believe Slack and Novita waits for something to happen there."""

from __future__ import annotations

PATIENCE_SECONDS = 45.0
"""By default: enough for a machine with much else to do. What happens at all happens within a second or two."""
