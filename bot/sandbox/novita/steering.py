"""The sandbox's own HTTP interface under `/_sandbox/`: a bench or a page in another process steers and watches.

`GET state` and `GET calls` show; `POST <command>` with a JSON body acts. A body that makes no sense gets 400, an
unknown region or instance 404, what the world itself refuses 409.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import Any, Literal

from aiohttp import web
from pydantic import BaseModel, ConfigDict, ValidationError

from bot.sandbox.novita.faults import Endpoint, Fault
from bot.sandbox.novita.programs import Level
from bot.sandbox.novita.seed import Shelf
from bot.sandbox.novita.steered import SteeredWorld
from bot.sandbox.novita.world import Refusal

PREFIX = "/_sandbox"


class _Command(BaseModel):
    model_config = ConfigDict(extra="forbid")

    def act(self, sandbox: SteeredWorld) -> None:
        raise NotImplementedError


class SetLatency(_Command):
    """Seconds that every call is held back from now on."""

    seconds: float

    def act(self, sandbox: SteeredWorld) -> None:
        sandbox.latency = self.seconds


class SetBoot(_Command):
    """Seconds from create to running, for instances made from now on."""

    seconds: float

    def act(self, sandbox: SteeredWorld) -> None:
        sandbox.boot_seconds = self.seconds


class SetShown(_Command):
    """New instances are known to no call for so many seconds; with `nothing`, no instance is."""

    late_seconds: float = 0.0
    nothing: bool = False

    def act(self, sandbox: SteeredWorld) -> None:
        sandbox.show_late(self.late_seconds)
        sandbox.show_nothing(nothing=self.nothing)


class SetStock(_Command):
    """`none` sells out; with `at_create` only the create knows and the listing goes on promising.

    `at_most`: so many GPUs can be had at once.
    """

    region: str
    product_name: str | None = None
    stock: Literal["none", "low", "normal", "high"]
    at_create: bool = False
    at_most: int | None = None

    def act(self, sandbox: SteeredWorld) -> None:
        if self.stock != "none":
            sandbox.restock(self.region, self.product_name, self.stock)
            if self.at_most is not None:
                sandbox.sell_at_most(self.region, self.at_most, self.product_name)
        elif self.at_create:
            sandbox.out_of_stock_at_create(self.region, self.product_name)
        else:
            sandbox.out_of_stock_in_listing(self.region, self.product_name)


class SetRegion(_Command):
    """Open or close a region."""

    region: str
    is_open: bool

    def act(self, sandbox: SteeredWorld) -> None:
        (sandbox.open_region if self.is_open else sandbox.close_region)(self.region)


class BreakImage(_Command):
    """Instances of this image fail from now on; with `broken` false they come up again."""

    image: str
    broken: bool = True
    state: str = "pullFailed"
    message: str = "image pull failed"

    def act(self, sandbox: SteeredWorld) -> None:
        if self.broken:
            sandbox.break_image(self.image, self.state, self.message)
        else:
            sandbox.mend_image(self.image)


class AddFault(_Command):
    """A fault for the next `times` calls of an endpoint; without `times`, for all calls until `clear_faults`."""

    endpoint: Endpoint | None = None
    kind: Literal[
        "refused",
        "rate_limited",
        "server_error",
        "not_json",
        "no_id",
        "reset",
        "hang",
        "slow",
        "gateway",
        "doubled",
    ]
    times: int | None = None
    has_effect: bool = False
    status: int = 502
    reason: str = ""
    message: str = "refused by the sandbox"
    retry_after: str | None = "1"
    seconds: float = 1.0

    def act(self, sandbox: SteeredWorld) -> None:
        if self.times is None:
            sandbox.fail_all(self._fault(), self.endpoint)
            return
        for endpoint in Endpoint if self.endpoint is None else (self.endpoint,):
            sandbox.fail_next(endpoint, self._fault(), self.times)

    def _fault(self) -> Fault:
        kinds: dict[str, Callable[[], Fault]] = {
            "refused": lambda: Fault.refused(self.status, self.reason, self.message),
            "rate_limited": lambda: Fault.rate_limited(self.retry_after),
            "server_error": lambda: Fault.server_error(self.status, has_effect=self.has_effect),
            "not_json": lambda: Fault.not_json(has_effect=self.has_effect),
            "no_id": lambda: Fault.no_id(has_effect=self.has_effect),
            "reset": lambda: Fault.reset(has_effect=self.has_effect),
            "hang": lambda: Fault.hang(has_effect=self.has_effect),
            "gateway": lambda: Fault.gateway(self.status, self.message),
            "slow": lambda: Fault.slow(self.seconds),
            "doubled": Fault.doubled,
        }
        return kinds[self.kind]()


class ClearFaults(_Command):
    """Behave again."""

    def act(self, sandbox: SteeredWorld) -> None:
        sandbox.clear_faults()


class SteerInstance(_Command):
    """What a person at the web console, the spot market or fate does to an instance; `seconds` until the reclaim."""

    id: str
    do: Literal[
        "start", "stop", "restart", "delete", "boot", "vanish", "notice", "reclaim", "status", "report", "clone"
    ]
    seconds: float = 3600.0
    status: str = "unheardOf"
    error: tuple[str, str] = ("", "")
    text: str = "epoch 3, loss 0.21"
    """What a program on it reports, and how it means that."""
    name: str | None = None
    """Of the clone; without, it has the same."""
    level: Level = "info"

    def act(self, sandbox: SteeredWorld) -> None:
        deeds: dict[str, Callable[[], object]] = {
            "start": lambda: sandbox.start_instance(self.id),
            "stop": lambda: sandbox.stop_instance(self.id),
            "restart": lambda: sandbox.restart_instance(self.id),
            "delete": lambda: sandbox.delete_instance(self.id),
            "boot": lambda: sandbox.boot_at_once(self.id),
            "vanish": lambda: sandbox.vanish(self.id),
            "notice": lambda: sandbox.give_spot_notice(self.id, self.seconds),
            "reclaim": lambda: sandbox.reclaim(self.id),
            "status": lambda: sandbox.show_status(self.id, self.status, self.error),
            "clone": lambda: sandbox.clone_instance(self.id, self.name),
            "report": lambda: sandbox.begin_report(self.id, self.text, self.level),
        }
        deeds[self.do]()


class Forget(_Command):
    """Empty the records of calls, creates and violations; the world stays."""

    def act(self, sandbox: SteeredWorld) -> None:
        for record in (sandbox.calls, sandbox.creates, sandbox.violations):
            record.clear()


COMMANDS: dict[str, type[_Command]] = {
    "latency": SetLatency,
    "boot": SetBoot,
    "shown": SetShown,
    "stock": SetStock,
    "region": SetRegion,
    "image": BreakImage,
    "fault": AddFault,
    "clear_faults": ClearFaults,
    "instance": SteerInstance,
    "forget": Forget,
}


def add_routes(app: web.Application, sandbox: SteeredWorld) -> None:
    async def show_state(_: web.Request) -> web.Response:
        return web.json_response(state(sandbox))

    async def show_calls(_: web.Request) -> web.Response:
        return web.json_response([asdict(call) for call in sandbox.calls])

    async def act(request: web.Request) -> web.Response:
        return obey(sandbox, request.match_info["command"], await request.read())

    app.router.add_get(f"{PREFIX}/state", show_state)
    app.router.add_get(f"{PREFIX}/calls", show_calls)
    app.router.add_post(PREFIX + "/{command}", act)


def obey(sandbox: SteeredWorld, command: str, body: bytes) -> web.Response:
    """Carries out one of the COMMANDS and answers how that went."""
    try:
        COMMANDS[command].model_validate_json(body or b"{}").act(sandbox)
    except ValidationError as error:
        return web.json_response({"error": str(error)}, status=400)
    except KeyError as error:
        return web.json_response({"error": f"no such thing: {error}"}, status=404)
    except Refusal as error:
        return web.json_response({"error": error.message}, status=409)
    sandbox.changed()
    return web.json_response({"ok": True})


def state(sandbox: SteeredWorld) -> dict[str, Any]:
    """The world without its secrets."""
    now = sandbox.clock()
    return {
        "latency": sandbox.latency,
        "boot_seconds": sandbox.boot_seconds,
        "calls": len(sandbox.calls),
        "creates": len(sandbox.creates),
        "violations": sandbox.violations,
        "regions": [asdict(cluster) for cluster in sandbox.clusters],
        "shelves": [_shelf(shelf) for shelf in sandbox.shelves],
        "instances": [machine.row(now) for machine in sandbox.listed()],
        "faults": {
            "queued": {name: [fault.name for fault in queue] for name, queue in sandbox.faults.queued.items() if queue},
            "standing": {name: fault.name for name, fault in sandbox.faults.standing.items()},
        },
    }


def _shelf(shelf: Shelf) -> dict[str, Any]:
    return {
        "region": shelf.cluster.name.partition(" (")[0],
        "product_id": shelf.product.id,
        "product_name": shelf.product.name,
        "price": shelf.price,
        "spot_price": shelf.spot_price,
        "stock": shelf.stock,
        "refuses_create": shelf.refuses_create,
    }
