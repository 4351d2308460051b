"""The make-believe Novita as its drawer shows it, as named parts: regions, faults, instances and the latest calls."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bot.sandbox.novita import Machine, NovitaCall, SandboxNovita
from bot.sandbox.novita.steering import state

Json = dict[str, Any]
CALLS_SHOWN = 120
"""The latest of all calls, and as many of the latest that changed something: looks would push those out of sight."""


def cloud(novita: SandboxNovita) -> dict[str, Any]:
    """All that is in the drawer. Statuses follow the clock, so it differs from one second to the next."""
    world = state(novita)
    now = novita.clock()
    return {
        "pace": {"latency": world["latency"], "boot_seconds": world["boot_seconds"]},
        "regions": world["regions"],
        "shelves": world["shelves"],
        "faults": world["faults"],
        "violations": world["violations"],
        "images": _images(novita),
        **{f"machine/{machine.id}": _machine(machine, now) for machine in novita.listed()},
        **{f"call/{number:06}": _call(novita.calls[number]) for number in shown_calls(novita.calls)},
    }


def shown_calls(calls: Sequence[NovitaCall]) -> list[int]:
    """The places of the calls to show, oldest first."""
    orders = [number for number, call in enumerate(calls) if call.method == "POST"]
    return sorted({*orders[-CALLS_SHOWN:], *range(max(0, len(calls) - CALLS_SHOWN), len(calls))})


def _images(novita: SandboxNovita) -> list[Json]:
    images = {template["image"]: template["name"] for template in novita.templates}
    return [
        {"image": image, "name": name, "is_broken": image in novita.broken_images} for image, name in images.items()
    ]


def _machine(machine: Machine, now: float) -> Json:
    row = machine.row(now)
    wanted = ("id", "name", "clusterName", "status", "productName", "gpuNum", "billingMode", "spotStatus", "imageUrl")
    return {
        **{name: row[name] for name in wanted},
        "error": row["statusError"]["message"],
        "created_at": machine.created_at,
        "price": machine.price,
        "since": machine.phase(now).at,
    }


def _call(call: NovitaCall) -> Json:
    return {
        "at": call.at,
        "method": call.method,
        "endpoint": call.endpoint.value,
        "subject": call.subject or call.query.get("clusterId", ""),
        "milliseconds": round(call.seconds * 1000, 1),
        "status": call.status,
        "outcome": call.outcome,
        "reason": call.reason,
    }
