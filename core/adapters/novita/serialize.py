"""The body of a create: offer, request and expanded template in Novita's words (API.md, Templates, Creating)."""

from __future__ import annotations

from collections.abc import Iterable

from pydantic import SecretStr

from core.domain.market import Offer
from core.domain.request import InstanceRequest
from core.domain.template import Port, Template, Tool


def create_body(name: str, offer: Offer, request: InstanceRequest, template: Template) -> dict[str, object]:
    """What Novita needs to make `name`. Empty fields are left out; `month` would order a prepaid term."""
    body: dict[str, object] = {
        "name": name,
        "productId": offer.product_id,
        "clusterId": offer.region.id,
        "gpuNum": request.gpu_num,
        "rootfsSize": request.rootfs_size,
        "kind": "gpu",
        "billingMode": offer.billing_mode.value,
        "imageUrl": template.image,
    }
    return body | _given(
        imageAuthId=template.image_auth_id,
        ports=ports_text(template.ports),
        envs=_envs(merged_envs(template, request)),
        tools=[_tool(tool) for tool in template.tools],
        command=template.command,
        entrypoint=template.entrypoint,
        minCudaVersion=template.min_cuda_version,
    )


def merged_envs(template: Template, request: InstanceRequest) -> dict[str, SecretStr]:
    """The template's variables; the request's win by key."""
    return template.envs | request.envs


def ports_text(ports: Iterable[Port]) -> str:
    """`8188/http, 9000/tcp`: the one string that create takes, each port once."""
    return ", ".join(dict.fromkeys(f"{port.port}/{port.type}" for port in ports))


def _envs(envs: dict[str, SecretStr]) -> list[dict[str, str]]:
    return [{"key": key, "value": value.get_secret_value()} for key, value in envs.items()]


def _tool(tool: Tool) -> dict[str, str]:
    return {"name": tool.name, "port": str(tool.port), "type": tool.type}


def _given(**fields: object) -> dict[str, object]:
    return {name: value for name, value in fields.items() if value}
