"""What the make-believe Novita answers to each read, in Novita's own shapes; strict about the query."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.sandbox.novita.seed import GPU_NUM_LIMIT, Shelf
from bot.sandbox.novita.world import DEFAULT_PAGE_SIZE, Refusal, World

PAGE_LIMIT = 100
PAGING = frozenset({"pageSize", "pageNum"})
PRODUCT_QUERY = frozenset(
    {"clusterId", "gpuNum", "productName", "minCpuPerGpu", "minMemoryPerGpu", "minRootFSSize", "billingMethod"}
)

Query = Mapping[str, str]


def clusters(world: World, query: Query) -> dict[str, Any]:
    _only(world, "clusters", query, frozenset())
    return {
        "data": [
            {
                "id": cluster.id,
                "name": cluster.name,
                "availableGpuType": sorted({s.product.name for s in world.shelves if s.cluster is cluster}),
                "supportNetworkStorage": True,
                "supportInstanceNetwork": False,
            }
            for cluster in world.clusters
            if cluster.is_open
        ]
    }


def products(world: World, query: Query) -> dict[str, Any]:
    """Every product on the shelves asked for, also those without the billing method: `billingMethods` says so."""
    _only(world, "products", query, PRODUCT_QUERY)
    if query.get("billingMethod", "onDemand") not in ("onDemand", "monthly", "spot"):
        raise Refusal("VALIDATOR_PARAM", "invalid ListProductsRequest.BillingMethod")
    gpu_num = _count(query, "gpuNum", 1)
    if gpu_num > GPU_NUM_LIMIT:
        raise Refusal("VALIDATOR_PARAM", "invalid ListProductsRequest.GpuNum: value must be inside range [0, 8]")
    cluster, name = query.get("clusterId", ""), query.get("productName", "").lower()
    shelves = [
        shelf
        for shelf in world.shelves
        if shelf.cluster.is_open and cluster in ("", shelf.cluster.id) and name in shelf.product.name.lower()
    ]
    # Without a cluster the listing is only the union (API.md, Products).
    first_of_each = {shelf.product.id: shelf for shelf in reversed(shelves)}
    return {"data": [_product(world, shelf, gpu_num) for shelf in reversed(first_of_each.values())]}


def _product(world: World, shelf: Shelf, gpu_num: int) -> dict[str, Any]:
    product = shelf.product
    carriers = [s.cluster.name for s in world.shelves if s.product is product and s.cluster.is_open]
    return {
        "id": product.id,
        "name": product.name,
        "cpuPerGpu": product.cpu,
        "memoryPerGpu": product.memory,
        "diskPerGpu": 200,
        "availableDeploy": shelf.stock_for(gpu_num) != "none",
        "inventoryState": shelf.stock_for(gpu_num),
        "minRootFS": 10,
        "maxRootFS": product.max_disk,
        "minLocalStorage": 0,
        "maxLocalStorage": 500,
        "regions": carriers,
        "price": str(shelf.price),
        "spotPrice": str(shelf.spot_price),
        "monthlyPrice": [{"price": str(shelf.price * 600), "month": 1}],
        "billingMethods": ["onDemand", "monthly", *(["spot"] if shelf.spot_price else [])],
    }


def templates(world: World, query: Query) -> dict[str, Any]:
    _only(world, "templates", query, PAGING | {"channel", "isMyCommunity", "name", "type"})
    channel, mine = query.get("channel"), query.get("isMyCommunity")
    if channel not in ("official", "community", "private") or mine not in ("true", "false"):
        world.violate("templates", ["channel and isMyCommunity are required"])
        raise Refusal("VALIDATOR_PARAM", "invalid ListTemplatesRequest")
    if (mine == "true") != (channel == "private"):
        world.violate("templates", ["isMyCommunity is true for private templates and only for them"])
    name = query.get("name", "").lower()
    rows = [t for t in world.templates if t["channel"] == channel and name in t["name"].lower()]
    base = world.page_base if world.template_page_base is None else world.template_page_base
    return {"template": _page(rows, query, base) or None, "total": len(rows)}


def template(world: World, query: Query) -> dict[str, Any]:
    _only(world, "template", query, frozenset({"templateId"}))
    for row in world.templates:
        if row["Id"] == _required(world, "template", query, "templateId"):
            return {"template": row}
    raise Refusal("TEMPLATE_NOT_FOUND", "template not fount")


def auths(world: World, query: Query) -> dict[str, Any]:
    _only(world, "auths", query, frozenset())
    return {"data": world.auths}


def balance(world: World, query: Query) -> dict[str, Any]:
    """In 1/10000 USD, as strings (API.md, Balance)."""
    _only(world, "balance", query, frozenset())
    units = str(int(world.balance * 10_000))
    return {"availableBalance": units, "cashBalance": units, "creditLimit": "0", "outstandingInvoices": "0"}


def instances(world: World, query: Query) -> dict[str, Any]:
    """The total is a string here, as seen live (API.md, Calls)."""
    _only(world, "instances", query, PAGING | {"name", "productName", "status"})
    _required(world, "instances", query, "pageSize")
    _required(world, "instances", query, "pageNum")
    now = world.clock()
    rows = [row for machine in world.listed() if _matches(row := machine.row(now), query)]
    return {"instances": _page(rows, query, world.page_base), "total": str(len(rows))}


def _matches(row: dict[str, Any], query: Query) -> bool:
    return (
        query.get("name", "").lower() in row["name"].lower()
        and query.get("productName", "").lower() in row["productName"].lower()
        and query.get("status", "") in ("", row["status"])
    )


def instance(world: World, query: Query) -> dict[str, Any]:
    _only(world, "instance", query, frozenset({"instanceId"}))
    return world.instance(_required(world, "instance", query, "instanceId")).detail(world.clock())


def _page(rows: list[dict[str, Any]], query: Query, base: int) -> list[dict[str, Any]]:
    """`base` is the number of the first page; below it there is that page again."""
    size = min(_count(query, "pageSize", DEFAULT_PAGE_SIZE), PAGE_LIMIT)
    number = max(_count(query, "pageNum", base) - base, 0)
    return rows[number * size : (number + 1) * size]


def _count(query: Query, name: str, default: int) -> int:
    text = query.get(name, str(default))
    if not text.isdecimal():
        raise Refusal("VALIDATOR_PARAM", f"invalid {name}")
    return int(text)


def _required(world: World, where: str, query: Query, name: str) -> str:
    if not query.get(name):
        world.violate(where, [f"{name} is required"])
    return query.get(name, "")


def _only(world: World, where: str, query: Query, known: frozenset[str]) -> None:
    world.violate(where, [f"unknown parameter {name}" for name in query if name not in known])
