"""Who may do what, and where (pure)."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta

from core.domain.base import PROGRAM, Actor
from core.domain.errors import NotAllowed
from core.domain.instance import Instance
from core.domain.request import InstanceRequest

STARTING = "I am just starting, try again in a moment."


@dataclass(frozen=True)
class Policy:
    """The rules of one installation. Empty `allowed_channels` means every channel; empty `admins` means nobody.

    A `max_lease` of None lets everybody run an instance without an end.

    Who holds the installation's own API token has an admin's rights, and need not tell its stories in any channel.

    `home_team` is '' while it is not known yet, and then nobody of Slack is let in. Where the bot serves a whole
    organisation, `home_teams` are those beside it.
    """

    home_team: str = ""
    home_teams: Collection[str] = ()
    allowed_channels: Collection[str] = ()
    admins: Collection[str] = ()
    max_lease: timedelta | None = None

    def check_launch(self, actor: Actor, request: InstanceRequest) -> None:
        """Raises NotAllowed, with the field in the way, when `actor` may not have this launched."""
        self.check_lease(actor, request.lease)
        self.check_create(actor, request.channel)

    def check_create(self, actor: Actor, channel: str | None) -> None:
        """Raises NotAllowed when `actor` may not create an instance whose story is told in `channel`."""
        self.check_home(actor)
        is_told_nowhere = channel is None and actor == PROGRAM
        if self.allowed_channels and channel not in self.allowed_channels and not is_told_nowhere:
            why = "GPUs may not be created from this channel. Choose one of the channels set aside for it."
            raise NotAllowed(why, "channel")

    def check_command(self, actor: Actor, channel: str) -> None:
        """Raises NotAllowed when `actor` may not give the bot commands in `channel`."""
        self.check_home(actor)
        if self.allowed_channels and channel not in self.allowed_channels:
            raise NotAllowed("The bot takes commands only in the channels set aside for it.")

    def check_act(self, actor: Actor, instance: Instance) -> None:
        """Raises NotAllowed when `actor` may not change, or connect to, `instance`: its owner and admins may."""
        self.check_home(actor)
        if actor.user != instance.owner.user and not self.is_admin(actor):
            raise NotAllowed("Only its owner and the admins may do that.")

    def check_admin(self, actor: Actor) -> None:
        """Raises NotAllowed when `actor` may not decide about what is nobody's."""
        self.check_home(actor)
        if not self.is_admin(actor):
            raise NotAllowed("Only the admins may do that.")

    def is_admin(self, actor: Actor) -> bool:
        return actor == PROGRAM or actor.user in self.admins

    def check_lease(self, actor: Actor, lease: timedelta | None) -> None:
        """Raises NotAllowed for a lease without an end where one is demanded, unless an admin asks."""
        if lease is None and self.max_lease is not None and not self.is_admin(actor):
            raise NotAllowed("Only admins may run an instance without an end. Choose a lease.", "lease")

    def check_home(self, actor: Actor) -> None:
        """Raises NotAllowed for people of another workspace: guests and shared channels bring them. What is not known
        is not allowed: neither somebody without a workspace, nor anybody before it is known which one is at home."""
        if actor != PROGRAM:
            self.check_visitor(actor)

    def check_visitor(self, actor: Actor) -> None:
        """`check_home` for whoever comes out of Slack, and so cannot be the program that holds the API token."""
        if not self.home_team:
            raise NotAllowed(STARTING)
        if not actor.team or actor.team not in (self.home_team, *self.home_teams):
            raise NotAllowed("Only members of the workspace that runs this bot may use it.")
