"""The state behind the make-believe Novita, what its API does to it, and the strings by which a test steers it."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any

from bot.sandbox.novita import machines, programs, seed
from bot.sandbox.novita.machines import GONE, Machine, Phase
from bot.sandbox.novita.orders import BadOrder, Order, read_order
from bot.sandbox.novita.seed import GPU_NUM_LIMIT, Cluster, Shelf
from bot.sandbox.novita.watching import Watched

DEFAULT_BOOT_SECONDS = 12.0
DEFAULT_BALANCE = Decimal(250)
"""USD."""
DEFAULT_PAGE_SIZE = 10
"""What a caller gets who names the paging parameters wrongly (API.md, Listing instances)."""


class Refusal(Exception):
    """The API says no."""

    def __init__(self, reason: str, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message
        self.status = status


class World(Watched):
    """Clusters, shelves, templates and instances.

    `clock` gives unix seconds; statuses follow from it. `boot_seconds` is the time from create to running, half of it
    that of a start or restart. `violations` names every breach of the API's rules; `secrets` holds every value
    that must never leave the bot.
    """

    def __init__(
        self,
        *,
        clock: Callable[[], float] = time.time,
        boot_seconds: float = DEFAULT_BOOT_SECONDS,
        page_base: int = 1,
    ) -> None:
        super().__init__()
        self.clock = clock
        self.boot_seconds = boot_seconds
        self.page_base = page_base
        self.template_page_base: int | None = None
        """Where the pages of templates begin, if elsewhere than those of instances."""
        self.clusters = seed.clusters()
        self.shelves = seed.shelves(self.clusters)
        self.templates = seed.templates()
        self.auths = seed.registry_auths()
        self.instances: dict[str, Machine] = {}
        self.creates: list[dict[str, Any]] = []
        self.violations: list[str] = []
        self.balance = DEFAULT_BALANCE
        self.shown_after = 0.0
        self.shows_nothing = False
        self.secrets = {seed.REGISTRY_PASSWORD, seed.TEMPLATE_TOKEN}
        self._bad_images: dict[str, tuple[str, str]] = {}

    # What the API does, and the web console with it.

    def create_instance(self, body: dict[str, Any]) -> Machine:
        """Make an instance, or raise Refusal."""
        order = self._ordered(body)
        shelf = self._shelf_for(order)
        now = self.clock()
        machine = Machine(
            id=secrets.token_hex(8),
            order=order,
            cluster=shelf.cluster,
            product=shelf.product,
            price=shelf.spot_price if order.billing_mode == "spot" else shelf.price,
            created_at=now,
            phases=self._boot(order.image_url, now),
        )
        self.instances[machine.id] = machine
        self.creates.append(body)
        self.secrets |= {machine.ssh_password, *programs.secrets_of(order)}
        self.changed()
        return machine

    def start_instance(self, novita_id: str) -> Machine:
        machine = self._in_state(novita_id, "exited")
        if not self._shelf(machine.cluster, machine.product.id).has_room_for(machine.order.gpu_num):
            raise Refusal("INSUFFICIENT_RESOURCE", "insufficient resource")
        machine.reclaim_at = 0.0
        return self._come_up(machine, machines.starting)

    def restart_instance(self, novita_id: str) -> Machine:
        return self._come_up(self._in_state(novita_id, "running"), machines.restarting)

    def stop_instance(self, novita_id: str) -> Machine:
        machine = self._in_state(novita_id, "running")
        machine.follow(machines.stopping(self.clock(), self.boot_seconds / 4))
        self.changed()
        return machine

    def delete_instance(self, novita_id: str) -> Machine:
        machine = self.instance(novita_id)
        if machine.status(self.clock()) in ("toRemove", "removing"):
            raise Refusal("RESOURCE_NOT_FOUND", "instance not found")
        machine.phases = machines.removing(self.clock())
        self.changed()
        return machine

    def instance(self, novita_id: str) -> Machine:
        """The instance, or RESOURCE_NOT_FOUND."""
        machine = self.instances.get(novita_id)
        if machine is None or not self._is_shown(machine):
            raise Refusal("RESOURCE_NOT_FOUND", "instance not found")
        return machine

    def listed(self) -> list[Machine]:
        """What the listing shows, newest first."""
        return [machine for machine in reversed(self.instances.values()) if self._is_shown(machine)]

    def _is_shown(self, machine: Machine) -> bool:
        now = self.clock()
        is_late = 0 <= now - machine.created_at < self.shown_after
        return not self.shows_nothing and not is_late and machine.status(now) != GONE

    # How a test steers it. A region is named as people do (`CN-HK-01`) or by cluster id.

    def out_of_stock_in_listing(self, region: str, product_name: str | None = None) -> None:
        """Sold out, and the listing says so; a create there is refused."""
        self._stock(region, product_name, "none", refuses_create=True)

    def out_of_stock_at_create(self, region: str, product_name: str | None = None) -> None:
        """Sold out, but the listing goes on promising it."""
        for shelf in self._shelves_named(region, product_name):
            shelf.refuses_create = True
        self.changed()

    def restock(self, region: str, product_name: str | None = None, stock: str = "normal") -> None:
        """There is room again, and the listing says how much."""
        self._stock(region, product_name, stock, refuses_create=False)

    def sell_at_most(self, region: str, gpu_num: int, product_name: str | None = None) -> None:
        """Not more than so many GPUs can be had at once; whoever asks for their number is told."""
        for shelf in self._shelves_named(region, product_name):
            shelf.most = gpu_num
        self.changed()

    def set_price(self, region: str, product_name: str, *, price: int, spot_price: int) -> None:
        """In 1/100000 USD per GPU-hour; a spot price of 0 means none."""
        for shelf in self._shelves_named(region, product_name):
            shelf.price, shelf.spot_price = price, spot_price
        self.changed()

    def close_region(self, region: str) -> None:
        """The cluster vanishes from the listing and takes no creates; its instances live on."""
        self.cluster(region).is_open = False
        self.changed()

    def open_region(self, region: str) -> None:
        self.cluster(region).is_open = True
        self.changed()

    def break_image(self, image: str, state: str = "pullFailed", message: str = "image pull failed") -> None:
        """Instances made of `image` from now on end as exited, with this statusError."""
        self._bad_images[image] = (state, message)
        self.changed()

    def mend_image(self, image: str) -> None:
        """Instances made of `image` from now on come up again."""
        self._bad_images.pop(image, None)
        self.changed()

    @property
    def broken_images(self) -> frozenset[str]:
        return frozenset(self._bad_images)

    def boot_at_once(self, novita_id: str) -> None:
        """Bring an instance up without waiting for the clock."""
        self.instances[novita_id].follow([Phase(self.clock(), "running")])
        self.changed()

    def show_status(self, novita_id: str, status: str, error: tuple[str, str] = ("", "")) -> None:
        """Pin any status word, known or not, with an optional statusError (state, message)."""
        self.instances[novita_id].phases = [Phase(self.clock(), status, *error)]
        self.changed()

    def vanish(self, novita_id: str) -> None:
        """The instance is gone from one moment to the next."""
        del self.instances[novita_id]
        self.changed()

    def clone_instance(self, novita_id: str, name: str | None = None) -> Machine:
        """Another instance of the same order, as the console makes it: by the same name, or by one of its own."""
        original, now = self.instances[novita_id], self.clock()
        order = original.order if name is None else original.order.model_copy(update={"name": name})
        phases = self._boot(order.image_url, now)
        fields = (order, original.cluster, original.product, original.price, now, phases)
        machine = Machine(secrets.token_hex(8), *fields)
        self.instances[machine.id] = machine
        self.secrets.add(machine.ssh_password)
        self.changed()
        return machine

    def show_late(self, seconds: float) -> None:
        """A new instance exists, and costs money, but no call knows of it for so long."""
        self.shown_after = seconds
        self.changed()

    def show_nothing(self, *, nothing: bool = True) -> None:
        """Answer as to a key of another account: no instance is listed, none is known; all of them live on."""
        self.shows_nothing = nothing
        self.changed()

    def give_spot_notice(self, novita_id: str, in_seconds: float = 3600.0) -> None:
        """Announce a reclaim; when its time has come the instance is found exited."""
        machine = self.instances[novita_id]
        machine.reclaim_at = self.clock() + in_seconds
        machine.phases = [*machine.phases, Phase(machine.reclaim_at, "exited")]
        self.changed()

    def reclaim(self, novita_id: str) -> None:
        """Take a spot instance away now."""
        self.give_spot_notice(novita_id, in_seconds=0.0)

    def cluster(self, region: str) -> Cluster:
        """Raises KeyError for a region that never was."""
        for cluster in self.clusters:
            if cluster.is_called(region):
                return cluster
        raise KeyError(region)

    def _shelves_named(self, region: str, product_name: str | None) -> list[Shelf]:
        cluster = self.cluster(region)
        return [
            shelf
            for shelf in self.shelves
            if shelf.cluster is cluster and product_name in (None, shelf.product.name, shelf.product.id)
        ]

    def _stock(self, region: str, product_name: str | None, stock: str, *, refuses_create: bool) -> None:
        for shelf in self._shelves_named(region, product_name):
            shelf.stock, shelf.refuses_create, shelf.most = stock, refuses_create, GPU_NUM_LIMIT
        self.changed()

    def _boot(self, image: str, now: float) -> list[Phase]:
        if image in self._bad_images:
            return machines.booting_badly(now, self.boot_seconds, *self._bad_images[image])
        return machines.booting(now, self.boot_seconds)

    def _come_up(self, machine: Machine, phases: Callable[[float, float], list[Phase]]) -> Machine:
        machine.renew_access()
        self.secrets.add(machine.ssh_password)
        machine.follow(phases(self.clock(), self.boot_seconds / 2))
        self.changed()
        return machine

    def _in_state(self, novita_id: str, status: str) -> Machine:
        machine = self.instance(novita_id)
        if machine.status(self.clock()) != status:
            raise Refusal("REQUEST", "invalid state change")
        return machine

    def _ordered(self, body: dict[str, Any]) -> Order:
        try:
            order = read_order(body)
        except BadOrder as error:
            self.violate("create", error.breaches)
            raise Refusal("VALIDATOR_PARAM", error.message) from error
        self.violate("create", [f"unknown field {field}" for field in order.unknown_fields()])
        return order

    def violate(self, where: str, breaches: Iterable[str]) -> None:
        """Note breaches of the API's rules."""
        self.violations.extend(f"{where}: {breach}" for breach in breaches)

    def _shelf_for(self, order: Order) -> Shelf:
        candidates = [shelf for shelf in self.shelves if shelf.product.id == order.product_id]
        if order.cluster_id:
            candidates = [shelf for shelf in candidates if shelf.cluster.id == order.cluster_id]
        if not candidates:
            raise Refusal("RESOURCE_NOT_FOUND", "product or cluster not found")
        self._check(order, candidates[0])
        with_room = [shelf for shelf in candidates if shelf.has_room_for(order.gpu_num)]
        if not with_room:
            closed = order.cluster_id and not candidates[0].cluster.is_open
            raise Refusal("CLUSTER_STATUS", "cluster is not available") if closed else _no_room()
        return with_room[0]

    def _check(self, order: Order, shelf: Shelf) -> None:
        if order.image_auth_id and all(auth["id"] != order.image_auth_id for auth in self.auths):
            raise Refusal("RESOURCE_NOT_FOUND", "image auth not found")
        if order.disk_gb > shelf.product.max_disk:
            raise Refusal("VALIDATOR_PARAM", "invalid CreateInstanceRequest.RootfsSize: out of range")
        if order.billing_mode == "spot" and not shelf.spot_price:
            raise Refusal("UNSUPPORTED_BILLING_MODE", "billing mode not supported")

    def _shelf(self, cluster: Cluster, product_id: str) -> Shelf:
        return next(s for s in self.shelves if s.cluster is cluster and s.product.id == product_id)


def _no_room() -> Refusal:
    return Refusal("INSUFFICIENT_RESOURCE", "insufficient resource")
