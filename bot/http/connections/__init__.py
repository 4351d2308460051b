"""The connections that others open to this process: how long each may keep it waiting, and how many there may be.

Whoever says nothing, stops half-way or does not take its answer gives way to whoever wants something: connections are
bounded below what the system lets this process open, and the one that has been silent longest goes first.
"""

from __future__ import annotations

from bot.http.connections.acceptor import Acceptor
from bot.http.connections.connection import ClientConnection, Timeouts, answering
from bot.http.connections.limits import MOST, most_connections, raise_file_limit

__all__ = ["MOST", "Acceptor", "ClientConnection", "Timeouts", "answering", "most_connections", "raise_file_limit"]
