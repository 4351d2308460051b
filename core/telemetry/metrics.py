"""What this process counts and times, for Prometheus: every metric is defined here, and fed through functions.

A label's values come from a set that is small and known: never an id, a name that somebody chose, or free text. What
all processes share (instances, the outbox) is read from Redis when somebody looks (bot/http/metrics.py).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import timedelta
from functools import wraps
from typing import ParamSpec

import structlog
from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector, disable_created_metrics

from core.domain.attempt import Attempt
from core.domain.instance import Instance, Status

disable_created_metrics()  # type: ignore[no-untyped-call]
REGISTRY = CollectorRegistry()
ProcessCollector(registry=REGISTRY)

OTHER, NONE = "other", "none"
_ACK_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 3)
_CALL_BUCKETS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
_CREATE_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120)

_creates = Counter(
    "gpu_bot_creates", "Creates by how they ended and in which region.", ["outcome", "region"], registry=REGISTRY
)
_attempts = Counter(
    "gpu_bot_create_attempts",
    "Offers tried, by how that went and by Novita's reason.",
    ["outcome", "reason", "region"],
    registry=REGISTRY,
)
_create_seconds = Histogram(
    "gpu_bot_create_duration_seconds",
    "From the recorded intent to the end of a create, by whose time it was: ours or Novita's.",
    ["part"],
    buckets=_CREATE_BUCKETS,
    registry=REGISTRY,
)
_novita_seconds = Histogram(
    "gpu_bot_novita_request_duration_seconds",
    "Calls to Novita by endpoint and HTTP status, or by what came instead of one.",
    ["endpoint", "status"],
    buckets=_CALL_BUCKETS,
    registry=REGISTRY,
)
_slack_seconds = Histogram(
    "gpu_bot_slack_request_duration_seconds",
    "Calls to Slack by method and outcome.",
    ["method", "outcome"],
    buckets=_CALL_BUCKETS,
    registry=REGISTRY,
)
_webhook_seconds = Histogram(
    "gpu_bot_webhook_request_duration_seconds",
    "Calls to webhooks by HTTP status.",
    ["status"],
    buckets=_CALL_BUCKETS,
    registry=REGISTRY,
)
_ack_seconds = Histogram(
    "gpu_bot_slack_ack_duration_seconds",
    "How long Slack waits for the answer to what it sends, by kind.",
    ["kind"],
    buckets=_ACK_BUCKETS,
    registry=REGISTRY,
)
_http_seconds = Histogram(
    "gpu_bot_http_request_duration_seconds",
    "HTTP requests answered, by route, method and status.",
    ["route", "method", "status"],
    buckets=_ACK_BUCKETS,
    registry=REGISTRY,
)
_task_runs = Counter(
    "gpu_bot_task_runs", "Background tasks that ended, by how.", ["task", "outcome"], registry=REGISTRY
)
_task_seconds = Histogram(
    "gpu_bot_task_duration_seconds",
    "How long background tasks take.",
    ["task"],
    buckets=_CALL_BUCKETS,
    registry=REGISTRY,
)
_log_lines_lost = Counter(
    "gpu_bot_log_lines_lost",
    "Lines of the log that nobody will read, by why: not_made, not_written, reader_too_slow.",
    ["reason"],
    registry=REGISTRY,
)


_connections_dropped = Counter(
    "gpu_bot_connections_dropped",
    "Connections that kept this process waiting and were ended, by why: too_slow, or made_way for others.",
    ["reason"],
    registry=REGISTRY,
)

_log = structlog.get_logger(__name__)

P = ParamSpec("P")


def _harmless(count: Callable[P, None]) -> Callable[P, None]:
    """What cannot be counted is not counted, and what it tells of goes on."""

    @wraps(count)
    def counted(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            count(*args, **kwargs)
        except Exception as error:  # noqa: BLE001 - written down, with its traceback
            _log.error("not_counted", metric=count.__name__, exc_info=error)

    return counted


class BoundedLabels:
    """Label values that others name: so many are told apart, whatever comes to be sent."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._known: set[str] = set()

    def label(self, name: str) -> str:
        if not name:
            return NONE
        if len(self._known) < self._most:
            self._known.add(name)
        return name if name in self._known else OTHER


_reasons = {"NO_ANSWER", "UNREACHABLE"}
_regions = BoundedLabels(40)
"""Novita has about ten."""


def know_reasons(words: Iterable[str]) -> None:
    """Novita's published reasons; any other counts as "other"."""
    _reasons.update(words)


@_harmless
def create_ended(instance: Instance, total: timedelta, novitas: timedelta) -> None:
    """A launch is over in this process; `novitas` is the part of the time that was spent waiting for Novita."""
    _creates.labels(
        _outcome(instance), _regions.label(instance.launch.offer.region.name if instance.launch.offer else "")
    ).inc()
    for attempt in instance.launch.attempts:
        _attempts.labels(attempt.outcome.value, _reason(attempt), _regions.label(attempt.region)).inc()
    _create_seconds.labels("novita").observe(novitas.total_seconds())
    _create_seconds.labels("ours").observe(max(0.0, (total - novitas).total_seconds()))


@_harmless
def novita_called(endpoint: str, status: str, seconds: float) -> None:
    """`status` is the HTTP status, or unsent, unclear or cancelled when there was none."""
    _novita_seconds.labels(endpoint, status).observe(seconds)


@_harmless
def slack_called(method: str, outcome: str, seconds: float) -> None:
    _slack_seconds.labels(method, outcome).observe(seconds)


@_harmless
def webhook_called(status: int | None, seconds: float) -> None:
    _webhook_seconds.labels(NONE if status is None else str(status)).observe(seconds)


@_harmless
def acknowledged(kind: str, seconds: float) -> None:
    _ack_seconds.labels(kind).observe(seconds)


@_harmless
def http_answered(route: str, method: str, status: int, seconds: float) -> None:
    _http_seconds.labels(route, method, str(status)).observe(seconds)


@_harmless
def task_ended(task: str, outcome: str, seconds: float) -> None:
    """`outcome`: ok, put_off (what it needs is away), failed (a defect), or cancelled."""
    _task_runs.labels(task, outcome).inc()
    _task_seconds.labels(task).observe(seconds)


def log_lines_lost(reason: str, lines: int = 1) -> None:
    _log_lines_lost.labels(reason).inc(lines)


@_harmless
def connection_dropped(reason: str) -> None:
    _connections_dropped.labels(reason).inc()


def _outcome(instance: Instance) -> str:
    """Unfinished: in doubt or broken off, and a worker's from here on."""
    if instance.remote.id is not None:
        return "created"
    if instance.status is Status.FAILED and instance.failure is not None:
        return instance.failure.kind.value
    return "unfinished"


def _reason(attempt: Attempt) -> str:
    if not attempt.reason:
        return NONE
    return attempt.reason if attempt.reason in _reasons else OTHER
