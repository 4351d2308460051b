"""What the make-believe Novita sells when it opens: clusters, products at regional prices, templates."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

REGISTRY_AUTH_ID = "5d0c0d0e-1111-4a4a-9b9b-222233334444"
REGISTRY_PASSWORD = "robot-password-EXAMPLE-ONLY"  # noqa: S105 - invented; leak tests look for it
TEMPLATE_TOKEN = "hf_EXAMPLE_ONLY_private_token"  # noqa: S105 - invented; leak tests look for it


GPU_NUM_LIMIT = 8


@dataclass
class Cluster:
    """`name` is what products call a region, with its place in parentheses."""

    id: str
    name: str
    is_open: bool = True

    def is_called(self, region: str) -> bool:
        """Whether people mean this cluster by `region`: its id, its whole name, or the name without the place."""
        return region in (self.id, self.name, self.name.partition(" (")[0])


@dataclass(frozen=True)
class Product:
    """Prices are Novita's: 1/100000 USD per GPU-hour; a spot price of 0 means none."""

    id: str
    name: str
    cpu: int
    memory: int
    max_disk: int
    price: int
    spot_price: int


@dataclass
class Shelf:
    """One product in one cluster. With `refuses_create` the listing goes on promising what a create does not get."""

    cluster: Cluster
    product: Product
    price: int
    spot_price: int
    stock: str
    refuses_create: bool = False
    most: int = GPU_NUM_LIMIT
    """How many GPUs can be had at once."""

    def stock_for(self, gpu_num: int) -> str:
        """What the listing says of so many at once."""
        return self.stock if gpu_num <= self.most else "none"

    def has_room_for(self, gpu_num: int) -> bool:
        return self.has_room and gpu_num <= self.most

    @property
    def has_room(self) -> bool:
        return self.cluster.is_open and self.stock != "none" and not self.refuses_create


def clusters() -> list[Cluster]:
    return [
        Cluster("cn-hongkong-1", "CN-HK-01 (Hong Kong)"),
        Cluster("as-sgp-2", "AS-SGP-02 (Singapore)"),
        Cluster("oc-au-1", "OC-AU-01 (Sydney)"),
        Cluster("us-ca-6", "US-CA-06 (California)"),
        Cluster("eu-gb-1", "EU-GB-01 (United Kingdom)"),
        Cluster("as-in-1", "AS-IN-01 (Mumbai)"),
    ]


_PRODUCTS = (
    Product("3090.12c48g", "RTX 3090 24GB", 12, 48, 300, 21_000, 11_000),
    Product("4090.16c62g", "RTX 4090 24GB", 16, 62, 300, 35_000, 18_000),
    Product("4090.16c125g", "RTX 4090 24GB", 16, 125, 600, 39_000, 21_000),
    Product("5090.16c96g", "RTX 5090 32GB", 16, 96, 600, 63_000, 32_000),
    Product("l40s.16c94g", "L40S 48GB", 16, 94, 1000, 55_000, 29_000),
    Product("6000ada.16c62g", "RTX 6000 Ada 48GB", 16, 62, 600, 70_000, 0),
    Product("a100.16c120g", "A100 SXM 80GB", 16, 120, 2000, 160_000, 82_000),
    Product("h100.20c200g", "H100 SXM 80GB", 20, 200, 4000, 256_000, 129_000),
    Product("h200.24c240g", "H200 SXM 141GB", 24, 240, 6144, 320_000, 0),
)

# Cluster id -> its price in percent, and the stock of each product it carries, in the order above; "" is not carried.
_CARRIED: dict[str, tuple[int, tuple[str, ...]]] = {
    "cn-hongkong-1": (100, ("normal", "normal", "low", "low", "", "normal", "normal", "", "")),
    "as-sgp-2": (104, ("", "high", "normal", "normal", "normal", "", "low", "normal", "low")),
    "oc-au-1": (110, ("low", "normal", "", "", "high", "", "", "low", "")),
    "us-ca-6": (97, ("", "high", "high", "high", "normal", "low", "normal", "high", "normal")),
    "eu-gb-1": (108, ("normal", "low", "", "", "normal", "", "normal", "normal", "")),
    "as-in-1": (92, ("high", "none", "", "", "low", "", "", "none", "")),
}


def shelves(open_clusters: list[Cluster]) -> list[Shelf]:
    return [
        Shelf(cluster, product, product.price * percent // 100, product.spot_price * percent // 100, stock)
        for cluster in open_clusters
        for percent, stocks in [_CARRIED[cluster.id]]
        for product, stock in zip(_PRODUCTS, stocks, strict=True)
        if stock
    ]


def registry_auths() -> list[dict[str, str]]:
    return [
        {
            "id": REGISTRY_AUTH_ID,
            "name": "registry.example.com",
            "username": "robot",
            "password": REGISTRY_PASSWORD,
        }
    ]


@dataclass(frozen=True)
class _Template:
    """What tells one template from another."""

    id: str
    name: str
    image: str
    channel: str = "official"
    auth: str = ""
    http: tuple[int, ...] = ()
    tcp: tuple[int, ...] = ()
    disk: int = 60
    envs: dict[str, str] = field(default_factory=dict)
    tools: tuple[dict[str, Any], ...] = ()
    volumes: tuple[dict[str, Any], ...] = ()
    command: str = ""
    cuda: str = ""

    def as_told(self) -> dict[str, Any]:
        """With all the fields that Novita gives each (API.md, Templates)."""
        groups = {"http": self.http, "tcp": self.tcp}
        return {
            "Id": self.id,
            "name": self.name,
            "readme": f"# {self.name}",
            "logo": "",
            "type": "instance",
            "channel": self.channel,
            "image": self.image,
            "imageAuth": self.auth,
            "startCommand": self.command,
            "entrypoint": "",
            "rootfsSize": self.disk,
            "ports": [{"type": kind, "ports": list(ports)} for kind, ports in groups.items() if ports],
            "envs": [{"key": key, "value": value} for key, value in self.envs.items()],
            "volumes": [dict(volume) for volume in self.volumes],
            "tools": [dict(tool) for tool in self.tools] or None,
            "minCudaVersion": self.cuda,
            "recommendCards": None,
            "createdAt": "1764547200",
        }


_JUPYTER = {"name": "Jupyter", "describe": "Notebook in the browser", "port": 8888, "type": "http"}

_TEMPLATES = (
    _Template("101", "PyTorch 2.6", "docker.io/pytorch/pytorch:2.6.0-cuda12.4", tools=(_JUPYTER,), cuda="12.4"),
    _Template("102", "ComfyUI", "docker.io/library-ai/comfyui:0.3.40", http=(8188,), disk=80, cuda="12.4"),
    _Template("103", "Ubuntu 22.04 + CUDA", "docker.io/nvidia/cuda:12.4.1-base-ubuntu22.04", disk=20),
    _Template(
        "104",
        "vLLM",
        "docker.io/vllm/vllm-openai:v0.8.5",
        http=(8000,),
        envs={"VLLM_LOGGING_LEVEL": "INFO"},
        command="--model Qwen/Qwen3-8B --port 8000",
        cuda="12.4",
    ),
    _Template("105", "JupyterLab", "docker.io/jupyter/pytorch-notebook:cuda12", tools=(_JUPYTER,), disk=40),
    _Template("106", "Ollama", "docker.io/ollama/ollama:0.9.0", tcp=(11434,), disk=60),
    _Template(
        "107672",
        "comfy-prod",
        "registry.example.com/team/comfy:1.4",
        channel="private",
        auth=REGISTRY_AUTH_ID,
        http=(8188,),
        tcp=(9000,),
        disk=80,
        envs={"MODE": "prod", "HF_TOKEN": TEMPLATE_TOKEN},
        command="bash /start.sh",
        cuda="12.4",
    ),
    _Template(
        "107801",
        "lora-training",
        "docker.io/team/lora:2.0",
        channel="private",
        http=(6006,),
        volumes=({"type": "local", "size": 50, "mountPath": "/workspace"},),
    ),
)


def templates() -> list[dict[str, Any]]:
    return [template.as_told() for template in _TEMPLATES]
