"""Markets, forms, instances and events for the tests of the views: plain ones to read, and hostile ones to search."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st
from pydantic import SecretStr

from bot.views.modal import Form, ModalContext
from core.domain import events
from core.domain.attempt import Attempt, AttemptOutcome, Failure, FailureKind
from core.domain.base import Actor, BillingMode, Cause
from core.domain.instance import Billed, Instance, Intent, Launch, Status, StopReason
from core.domain.market import Market, Offer, Price, Product, Region, Stock
from core.domain.novita import Connection, Endpoint
from core.domain.order import Order, Verb
from core.domain.request import InstanceRequest, LeaseEnd
from core.domain.template import Template
from core.domain.validation import Limits
from tests.core.samples import record_with

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
LIMITS = Limits(default_lease=timedelta(hours=8), max_lease=timedelta(hours=72))
ENDLESS = Limits(default_lease=None, max_lease=None)

HONG_KONG = Region(id="cn-hongkong-1", name="CN-HK-01", place="Hong Kong")
SINGAPORE = Region(id="as-sgp-2", name="AS-SGP-02", place="Singapore")
SYDNEY = Region(id="oc-au-1", name="OC-AU-01", place="Sydney")
REGIONS = (HONG_KONG, SINGAPORE, SYDNEY)
RTX = "RTX 4090 24GB"
H100 = "H100 SXM 80GB"

HOSTILE = [
    "<!channel>",
    "<!here> & <@U0ADA0001>",
    "`*_~",
    "&amp;<",
    "\n\t ",
    "🤖" * 200,
    "&" * 3000,
    "漢" * 500,
    "x" * 200,
]


def price(usd: str, stock: Stock = Stock.HIGH) -> Price:
    return Price(usd=Decimal(usd), stock=stock)


def product(
    region: Region, spot: str | None = "0.18", on_demand: str | None = "0.35", name: str = RTX, **more: Any
) -> Product:
    stock = more.pop("stock", Stock.HIGH)
    sold = {BillingMode.SPOT: spot, BillingMode.ON_DEMAND: on_demand}
    prices = {mode: price(usd, stock) for mode, usd in sold.items() if usd}
    return Product(id=f"{name}.16c62g", name=name, region=region, prices=prices, **more)


def market(*products: Product, as_of: datetime = NOW) -> Market:
    return Market(as_of=as_of, regions=REGIONS, products=products or tuple(product(region) for region in REGIONS))


def offer(region: Region = HONG_KONG, usd: str = "0.18", stock: Stock = Stock.HIGH) -> Offer:
    return Offer(
        region=region,
        product_id="4090.16c62g",
        product_name=RTX,
        price=Decimal(usd),
        billing_mode=BillingMode.SPOT,
        stock=stock,
    )


def form(**changes: Any) -> Form:
    known: dict[str, Any] = {
        "name": "train-1",
        "product_name": RTX,
        "template_id": "107672",
        "template_name": "comfy-prod · private",
        "region": None,
        "gpu_num": 2,
        "rootfs_size": 60,
        "billing_mode": BillingMode.SPOT,
        "lease": timedelta(hours=8),
        "lease_end": LeaseEnd.STOP,
        "channel": "C0GPU00001",
    }
    return Form(**(known | changes))


def instance(**changes: Any) -> Instance:
    """A create in its first moment: 2 × RTX 4090 on spot for ada, tried in Hong Kong first."""
    request = InstanceRequest(
        name="train-1",
        product_name=RTX,
        template_id="107672",
        gpu_num=2,
        lease=timedelta(hours=8),
        channel="C0GPU00001",
    )
    fresh = Instance(
        id="0123456789",
        intent=Intent(request_key="V1"),
        request=request,
        owner=Actor(user="U0ADA00001"),
        launch=Launch(offer=offer()),
        created_at=NOW,
    )
    return record_with(fresh, **changes)


def refused(region: str = "CN-HK-01", reason: str = "INSUFFICIENT_RESOURCE", message: str = "") -> Attempt:
    return Attempt(
        region=region,
        product_id="4090.16c62g",
        price=Decimal("0.18"),
        outcome=AttemptOutcome.REFUSED,
        reason=reason,
        message=message,
        milliseconds=310,
    )


def accepted(region: str = "AS-SGP-02") -> Attempt:
    return Attempt(
        region=region,
        product_id="4090.16c62g",
        price=Decimal("0.18"),
        outcome=AttemptOutcome.CREATED,
        milliseconds=640,
    )


def created(**changes: Any) -> Instance:
    """Made in Singapore after Hong Kong refused."""
    known: dict[str, Any] = {
        "status": Status.STARTING,
        "novita_status": "pulling",
        "novita_id": "3f9a1c77d2e04b58",
        "offer": offer(SINGAPORE),
        "attempts": (refused(), accepted()),
        "launched_at": NOW,
    }
    return instance(**(known | changes))


def running(**changes: Any) -> Instance:
    endpoint = Endpoint(port=8188, type="http", url="https://3f9a-8188.as-sgp-2.gpu-instance.novita.ai")
    known: dict[str, Any] = {
        "status": Status.RUNNING,
        "novita_status": "running",
        "running_at": NOW,
        "lease_ends_at": NOW + timedelta(hours=8),
        "billed": (Billed(since=NOW),),
        "endpoints": (endpoint,),
    }
    return created(**(known | changes))


def stopped(**changes: Any) -> Instance:
    """Ran for two hours, and stands still since."""
    known: dict[str, Any] = {
        "status": Status.STOPPED,
        "novita_status": "exited",
        "endpoints": (),
        "lease_ends_at": None,
        "stopped_at": NOW,
        "data_until": NOW + timedelta(days=7),
        "billed": (Billed(since=NOW - timedelta(hours=2), until=NOW),),
    }
    return running(**(known | changes))


def deleted(**changes: Any) -> Instance:
    return stopped(**({"status": Status.DELETED, "ended_at": NOW, "data_until": None} | changes))


def ordered(verb: Verb = Verb.STOP, by: str | None = "U0BO000001", **changes: Any) -> Order:
    actor = Actor(user=by) if by else None
    cause = actor.cause if actor else Cause.LEASE
    return Order(**({"verb": verb, "cause": cause, "actor": actor, "at": NOW} | changes))


def asking_for(**changes: Any) -> InstanceRequest:
    return instance().request.model_copy(update=changes)


def failed(kind: FailureKind = FailureKind.NO_CAPACITY, **changes: Any) -> Instance:
    known: dict[str, Any] = {"status": Status.FAILED, "failure": Failure(kind=kind), "attempts": (refused(),)}
    return instance(**(known | changes))


def mrkdwn_in(drawn: Any) -> list[str]:
    """Every mrkdwn text in a view or in blocks."""
    if isinstance(drawn, list):
        return [text for part in drawn for text in mrkdwn_in(part)]
    if not isinstance(drawn, dict):
        return []
    if drawn.get("type") == "mrkdwn":
        return [drawn["text"]]
    return [text for part in drawn.values() for text in mrkdwn_in(part)]


def everything_in(drawn: Any) -> str:
    """All text a person may read in a view or in blocks, one text a line."""
    if isinstance(drawn, list):
        return "\n".join(filter(None, (everything_in(part) for part in drawn)))
    if not isinstance(drawn, dict):
        return ""
    if drawn.get("type") in ("mrkdwn", "plain_text"):
        return str(drawn["text"])
    return "\n".join(filter(None, (everything_in(part) for part in drawn.values())))


anything = st.one_of(st.text(max_size=40), st.text(min_size=100, max_size=400), st.sampled_from(HOSTILE))
instants = st.datetimes(datetime(2020, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
prices = st.decimals(0, 10_000, places=5)
leases = st.one_of(st.none(), st.integers(1, 10_000).map(lambda minutes: timedelta(minutes=minutes)))
names = st.text("abcXYZ019-_", min_size=1, max_size=100)
regions = st.builds(Region, id=anything, name=anything, place=anything)
offers = st.builds(Offer, region=regions, product_id=anything, product_name=anything, price=prices)
attempts = st.builds(
    Attempt,
    region=anything,
    product_id=anything,
    price=prices,
    reason=anything,
    message=anything,
    milliseconds=st.integers(0, 200_000),
)
endpoints = st.builds(
    Endpoint, port=st.integers(1, 65535), type=st.sampled_from(["http", "tcp", "<!here>"]), url=anything
)
failures = st.builds(Failure, reason=anything, message=anything)
requests = st.builds(
    InstanceRequest,
    name=names,
    product_name=anything,
    template_id=anything,
    gpu_num=st.integers(1, 8),
    rootfs_size=st.integers(10, 6144),
    billing_mode=st.sampled_from(BillingMode),
    region=st.none() | anything,
    lease=leases,
    lease_end=st.sampled_from(LeaseEnd),
    channel=st.none() | anything | st.just("C0GPU00001"),
    webhook_url=st.none(),
    envs=st.just({}),
)
actors = st.builds(Actor, user=anything | st.just("U0BO000001"))


def wanted(kind: type[Any], **fields: Any) -> st.SearchStrategy[Any]:
    """Something with a cause: somebody's wish, or none."""
    nobody = st.builds(kind, cause=st.sampled_from([c for c in Cause if not c.is_asked]), actor=st.none(), **fields)
    return nobody | st.builds(kind, cause=st.just(Cause.PERSON), actor=actors, **fields)


orders = wanted(
    Order,
    verb=st.sampled_from(Verb),
    at=instants,
    sent=st.integers(0, 99),
    trouble=anything,
)
stretches = st.builds(Billed, since=instants, until=st.none() | instants)
connections = st.builds(
    Connection,
    ssh_command=anything,
    ssh_password=anything.map(SecretStr),
    jupyter_url=anything | st.just("https://example.com/?token=x"),
    web_terminal_url=anything,
    instance_log_url=anything,
    system_log_url=anything,
    endpoints=st.lists(endpoints, max_size=30).map(tuple),
)
_facts: dict[str, st.SearchStrategy[Any]] = {
    "id": st.just("0123456789"),
    "request": requests,
    "env_names": st.lists(anything, max_size=3).map(tuple),
    "status": st.sampled_from(Status),
    "slow_notices": st.integers(0, 2),
    "owner": st.builds(Actor, user=anything | st.just("U0ADA00001")),
    "novita_status": anything,
    "novita_id": st.none() | anything,
    "offer": st.none() | offers,
    "failure": st.none() | failures,
    "fault": st.none() | failures,
    "created_at": instants,
    "order": st.none() | orders,
    "lease_ends_at": st.none() | instants,
    "stopped_at": st.none() | instants,
    "starting_since": st.none() | instants,
    "start_ends_at": st.none() | instants,
    "data_until": st.none() | instants,
    "spot_noticed": st.booleans(),
    "spot_reclaim_at": st.none() | instants,
    "billed": st.lists(stretches, max_size=3).map(tuple),
    "in_doubt_since": st.none() | instants,
    "launched_at": st.none() | instants,
    "running_at": st.none() | instants,
    "ended_at": st.none() | instants,
}
records = st.builds(instance, **_facts, attempts=st.just(()), endpoints=st.just(()))
"""Without what lists do not show, so that many can be drawn at once."""
instances = st.builds(
    instance,
    **_facts,
    attempts=st.lists(attempts, max_size=40).map(tuple),
    endpoints=st.lists(endpoints, max_size=30).map(tuple),
)
happenings = st.one_of(
    st.builds(events.InstanceRequested, at=instants),
    st.builds(events.RegionRefused, at=instants, attempt=attempts, next_offer=offers),
    st.builds(events.AnswerLost, at=instants, attempt=attempts),
    st.builds(events.LaunchInterrupted, at=instants),
    st.builds(events.InstanceCreated, at=instants, novita_id=anything, found=st.booleans()),
    st.builds(events.PhaseChanged, at=instants, novita_status=anything),
    st.builds(events.InstanceSlow, at=instants, minutes=st.integers(0, 10_000), novita_status=anything),
    st.builds(
        events.StartQuestioned,
        at=instants,
        since=instants,
        ends_at=instants,
        verb=st.sampled_from([Verb.STOP, Verb.DELETE]),
    ),
    st.builds(events.InstanceRunning, at=instants, endpoints=st.lists(endpoints, max_size=30).map(tuple)),
    st.builds(events.InstanceFailed, at=instants, failure=failures),
    st.builds(events.InstanceFault, at=instants, novita_status=anything, fault=st.none() | failures),
    st.builds(
        events.InstanceStopped,
        at=instants,
        novita_status=anything,
        reason=st.sampled_from(StopReason),
        cause=st.none(),
    ),
    wanted(
        events.InstanceStopped,
        at=instants,
        novita_status=anything,
        reason=st.sampled_from(StopReason),
    ),
    wanted(events.InstanceDeleted, at=instants, asked=st.booleans()),
    st.builds(events.InstanceDeleted, at=instants, cause=st.none()),
    wanted(events.OrderGiven, at=instants, verb=st.sampled_from(Verb)),
    wanted(
        events.OrderFailed,
        at=instants,
        verb=st.sampled_from(Verb),
        why=failures,
        tries=st.integers(1, 99),
        is_final=st.booleans(),
    ),
    wanted(
        events.OrderStuck,
        at=instants,
        verb=st.sampled_from(Verb),
        since=instants,
        tries=st.integers(1, 99),
        why=anything,
    ),
    st.builds(events.NotTended, at=instants, work=anything),
    st.builds(
        events.InstanceBack, at=instants, verb=st.none() | st.sampled_from(Verb), lease_ends_at=st.none() | instants
    ),
    st.builds(
        events.LeaseReminder,
        at=instants,
        minutes=st.sampled_from([15, 60]),
        ends_at=instants,
        end=st.sampled_from(LeaseEnd),
    ),
    st.builds(events.LeaseExtended, at=instants, actor=actors, ends_at=st.none() | instants),
    st.builds(events.DiskReminder, at=instants, weeks=st.integers(1, 99), data_until=st.none() | instants),
    st.builds(events.SpotNotice, at=instants, reclaim_at=st.none() | instants),
    st.builds(events.WebhookGivenUp, at=instants, why=anything),
    st.builds(events.MachineReported, at=instants, text=anything, level=st.sampled_from(events.ReportLevel)),
    st.builds(events.ReportsLeftOut, at=instants, count=st.integers(1, 1_000_000)),
)
sold = st.dictionaries(
    st.sampled_from(BillingMode), st.builds(Price, usd=prices, stock=st.sampled_from(Stock)), max_size=2
)
products = st.builds(
    Product,
    id=anything,
    name=anything | st.sampled_from([RTX, H100]),
    region=regions | st.sampled_from(REGIONS),
    prices=sold,
    min_disk=st.integers(0, 10_000),
    max_disk=st.integers(0, 10_000),
)
markets = st.builds(
    Market,
    as_of=instants,
    regions=st.lists(regions | st.sampled_from(REGIONS), max_size=110).map(tuple),
    products=st.lists(products, max_size=30).map(tuple)
    | st.integers(100, 200).map(lambda count: tuple(product(HONG_KONG, name=f"GPU {n}") for n in range(count))),
)
forms = st.builds(
    Form,
    name=st.none() | anything,
    product_name=st.none() | anything | st.sampled_from([RTX, H100, "GPU 7"]),
    template_id=st.none() | anything,
    template_name=st.none() | anything,
    region=st.none() | anything,
    gpu_num=st.none() | st.integers(1, 8),
    rootfs_size=st.none() | st.integers(0, 10_000),
    billing_mode=st.none() | st.sampled_from(BillingMode),
    lease=leases,
    no_end=st.booleans(),
    lease_end=st.none() | st.sampled_from(LeaseEnd),
    channel=st.none() | anything | st.just("C0GPU00001"),
    webhook_url=st.none() | anything,
    envs=st.dictionaries(anything, anything, max_size=3),
)
contexts = st.builds(
    ModalContext,
    channel=st.text(max_size=100),
    advanced=st.booleans(),
    switches=st.integers(0, 10_000),
    note=st.text(max_size=300),
)
limits = st.builds(Limits, default_lease=leases, max_lease=leases, may_be_endless=st.booleans())
templates = st.lists(
    st.builds(Template, id=anything, name=anything, channel=anything, image=anything, envs=st.just({})), max_size=120
)
