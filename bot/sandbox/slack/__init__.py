"""A make-believe Slack: strict like the real one, served on loopback, with people who use it.

Everything outside this package needs only what is exported here.
"""

from bot.sandbox.slack.block_kit import problems_in_message, problems_in_view
from bot.sandbox.slack.changes import Change
from bot.sandbox.slack.delivery import Ack, Kind
from bot.sandbox.slack.faults import ANY_METHOD, Fault, FaultKind
from bot.sandbox.slack.person import DIRECT, Person
from bot.sandbox.slack.screen import FormField, Modal, Screen
from bot.sandbox.slack.server import SandboxSlack
from bot.sandbox.slack.sockets import Manner
from bot.sandbox.slack.submission import Outcome, Submission
from bot.sandbox.slack.views import View
from bot.sandbox.slack.workspace import Channel, Member, Message, SlackCall

__all__ = [
    "ANY_METHOD",
    "DIRECT",
    "Ack",
    "Change",
    "Channel",
    "Fault",
    "FaultKind",
    "FormField",
    "Kind",
    "Manner",
    "Member",
    "Message",
    "Modal",
    "Outcome",
    "Person",
    "SandboxSlack",
    "Screen",
    "SlackCall",
    "Submission",
    "View",
    "problems_in_message",
    "problems_in_view",
]
