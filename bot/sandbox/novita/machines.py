"""An instance of the make-believe Novita: its status follows from a timeline and the clock, nothing ticks."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from bot.sandbox.novita.orders import Order
from bot.sandbox.novita.seed import Cluster, Product

GONE = ""
"""The status of what Novita no longer knows."""

LINGERS_SECONDS = 5.0
"""How long a deleted instance stays in listings (API.md, States)."""

RECLAIMING_SECONDS = 60.0


class Phase(NamedTuple):
    """From `at` (unix seconds) on the instance has this status."""

    at: float
    status: str
    error_state: str = ""
    error_message: str = ""


def booting(now: float, seconds: float) -> list[Phase]:
    """Novita's usual order after a create (API.md, States)."""
    return _steps(now, seconds, "toCreate", "creating", "pulling", "running")


def booting_badly(now: float, seconds: float, state: str, message: str) -> list[Phase]:
    """An image that cannot be pulled, or one that crashes: the error shows up beside ordinary statuses."""
    failed = [Phase(now + seconds * 0.8, "pulling", state, message), Phase(now + seconds, "exited", state, message)]
    return [*booting(now, seconds)[:-1], *failed]


def starting(now: float, seconds: float) -> list[Phase]:
    return _steps(now, seconds, "toStart", "starting", "running")


def restarting(now: float, seconds: float) -> list[Phase]:
    return _steps(now, seconds, "toRestart", "restarting", "running")


def stopping(now: float, seconds: float) -> list[Phase]:
    return _steps(now, seconds, "toStop", "stopping", "exited")


def removing(now: float) -> list[Phase]:
    return _steps(now, LINGERS_SECONDS, "toRemove", "removing", GONE)


def _steps(now: float, seconds: float, *statuses: str) -> list[Phase]:
    step = seconds / (len(statuses) - 1)
    return [Phase(now + step * number, status) for number, status in enumerate(statuses)]


@dataclass
class Machine:
    """One instance. Instants are unix seconds, prices Novita's 1/100000 USD per GPU-hour."""

    id: str
    order: Order
    cluster: Cluster
    product: Product
    price: int
    created_at: float
    phases: list[Phase]
    reclaim_at: float = 0.0
    was_at: dict[str, float] = field(default_factory=dict)
    """When it last ran and stood still before the present phases."""
    ssh_password: str = field(default_factory=lambda: secrets.token_urlsafe(18))
    ssh_port: int = field(default_factory=lambda: 30000 + secrets.randbelow(20000))

    @property
    def name(self) -> str:
        return self.order.name

    def phase(self, now: float) -> Phase:
        return next((phase for phase in reversed(self.phases) if phase.at <= now), self.phases[0])

    def status(self, now: float) -> str:
        return self.phase(now).status

    def spot_status(self, now: float) -> str:
        """Novita's word for how far the reclaim has come (API.md, Spot)."""
        if self.order.billing_mode != "spot":
            return ""
        if not self.reclaim_at:
            return "running"
        if now >= self.reclaim_at:
            return "terminated"
        return "reclaiming" if self.reclaim_at - now <= RECLAIMING_SECONDS else "notified"

    def last(self, status: str, now: float) -> float:
        """When it last came to this status; 0 for never."""
        passed = [phase.at for phase in self.phases if phase.at <= now and phase.status == status]
        return max(passed, default=self.was_at.get(status, 0.0))

    def follow(self, phases: list[Phase]) -> None:
        """Go through `phases` from here on; an announced reclaim stays ahead."""
        self.was_at = {word: self.last(word, phases[0].at) for word in ("running", "exited")}
        self.phases = phases
        if phases[0].at < self.reclaim_at:
            self.phases = [*phases, Phase(self.reclaim_at, "exited")]

    def renew_access(self) -> None:
        """SSH port and password change at each start (API.md, Orders)."""
        self.ssh_password = secrets.token_urlsafe(18)
        self.ssh_port = 30000 + secrets.randbelow(20000)

    def row(self, now: float) -> dict[str, Any]:
        """As `GET /gpu/instances` lists it: without endpoints and connections (API.md, Listing instances)."""
        phase, order = self.phase(now), self.order
        return {
            "id": self.id,
            "name": order.name,
            "clusterId": self.cluster.id,
            "clusterName": self.cluster.name,
            "status": phase.status,
            "statusError": {"state": phase.error_state, "message": phase.error_message},
            "productId": self.product.id,
            "productName": self.product.name,
            "imageUrl": order.image_url,
            "cpuNum": str(self.product.cpu * order.gpu_num),
            "memory": str(self.product.memory * order.gpu_num),
            "gpuNum": str(order.gpu_num),
            "rootfsSize": order.disk_gb,
            "kind": order.kind,
            "portMappings": [{"port": port, "type": kind} for port, kind in order.published()],
            "billingMode": order.billing_mode,
            "spotStatus": self.spot_status(now),
            "spotReclaimTime": str(int(self.reclaim_at)),
            "endTime": "-1",
            "createdAt": str(int(self.created_at)),
            "lastStartedAt": str(int(self.last("running", now))),
            "lastStoppedAt": str(int(self.last("exited", now))),
            "instancePrice": str(self.price),
        }

    def detail(self, now: float) -> dict[str, Any]:
        """As `GET /gpu/instance` answers (API.md, One instance), secrets and all."""
        order = self.order
        return self.row(now) | {
            "imageAuthId": order.image_auth_id,
            "command": order.command,
            "entrypoint": order.entrypoint,
            "envs": [env.model_dump() for env in order.envs],
            "portMappings": self._mappings(now),
            **self._connections(self.status(now) == "running"),
        }

    def _mappings(self, now: float) -> list[dict[str, Any]]:
        if self.status(now) != "running":
            return []
        ports = self.order.published()
        return [{"port": port, "endpoint": self._endpoint(port, kind), "type": kind} for port, kind in ports]

    def _connections(self, is_running: bool) -> dict[str, Any]:
        command = f"ssh -p {self.ssh_port} root@{self._proxy}"
        jupyter = next((int(tool.port) for tool in self.order.tools if tool.name == "Jupyter"), 0)
        return {
            "connectComponentSSH": {
                "sshCommand": command if is_running else "",
                "password": self.ssh_password if is_running else "",
                "isRunning": is_running,
            },
            "connectComponentJupyter": {
                "address": self._url(jupyter) if jupyter and is_running else "",
                "port": jupyter,
                "isRunning": bool(jupyter) and is_running,
            },
            "connectComponentWebTerminal": {"address": "", "username": "", "password": "", "isRunning": False},
            "connectComponentLog": {"systemLogAddress": "", "instanceLogAddress": "", "isRunning": is_running},
        }

    @property
    def _proxy(self) -> str:
        return f"proxy.{self.cluster.id}.gpu-instance.novita.ai"

    def _endpoint(self, port: int, kind: str) -> str:
        return self._url(port) if kind == "http" else f"{self._proxy}:{20000 + port % 10000}"

    def _url(self, port: int) -> str:
        return f"https://{self.id}-{port}.{self.cluster.id}.gpu-instance.novita.ai"
