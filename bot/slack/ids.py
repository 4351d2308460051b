"""The ids that Slack sends: ours of commands, views and actions, for whoever draws or registers them; and its own."""

from __future__ import annotations

import re
from enum import StrEnum

COMMAND = "/gpu"
EVENTS_PATH = "/slack/events"

USER_ID = re.compile(r"[UW][A-Z0-9]{2,40}")
CHANNEL_ID = re.compile(r"[CG][A-Z0-9]{2,40}")
"""A channel, public or private; G is that of the older private ones."""

CONVERSATION_ID = re.compile(rf"{CHANNEL_ID.pattern}|D[A-Z0-9]{{2,40}}")
"""A channel, or the direct messages with one person."""


class View(StrEnum):
    """callback_id of each modal."""

    CREATE = "create_instance"
    LOADING = "create_instance_loading"
    OUTCOME = "create_instance_outcome"
    ASSIGN = "assign_owner"
    ANSWER = "answer"
    """What a person is told in private where Slack offers no message for it: after a click on the home tab."""


OWNER = "owner"
"""action_id and block_id of the one input of ASSIGN. Those of the create modal are the request's fields."""


class Action(StrEnum):
    """action_id of each button; those of an instance are `instance:<verb>` with its id as value."""

    CONNECT = "instance:connect"
    START = "instance:start"
    STOP = "instance:stop"
    RESTART = "instance:restart"
    DELETE = "instance:delete"
    STATUS = "instance:status"
    EXTEND_1H = "instance:extend:1h"
    EXTEND_4H = "instance:extend:4h"
    EXTEND_TONIGHT = "instance:extend:tonight"
    """Until 20:00 in the time zone of whoever presses it."""
    EXTEND_MOST = "instance:extend:most"
    """As far as MAX_LEASE allows."""
    AGAIN = "instance:again"
    """The same request once more, with region fallback."""
    AGAIN_ON_DEMAND = "instance:again:on_demand"
    AGAIN_CONFIRM = "instance:again:confirm"
    """Under the question that the two ask first. Value: `<billing mode> <instance id>`, as of the next."""
    AGAIN_EDIT = "instance:again:edit"
    """Opens the modal with the same request."""
    ASK_OWNER = "instance:ask"
    """Value: `<verb> <instance id>`."""
    STRAY_ASSIGN = "stray:assign"
    """Value, of these four: the id of a record or, where there is none yet, Novita's."""
    STRAY_STOP = "stray:stop"
    STRAY_DELETE = "stray:delete"
    STRAY_LEAVE = "stray:leave"
    LIST_PAGE = "list:page"
    """Value: `mine|all <page>`."""
    HOME_PAGE = "home:page"
    CONFIRM_CREATE = "create:confirm"
    """Value: the one-liner that was understood."""
    EDIT_CREATE = "create:edit"
    """Opens the modal with what was understood. Value: the one-liner."""

    REVEAL_ADVANCED = "reveal_advanced"
    USE_ON_DEMAND = "use_on_demand"
    CREATE = "create"
    """Opens the create modal, from help and from refusals."""
    HELP_ALL = "help:all"
    """Shows every command, in place of the short help where that is private."""
    OPEN_LINK = "open_link"
    """A button that only carries a url: Slack still sends its click, which is acknowledged and ignored."""
