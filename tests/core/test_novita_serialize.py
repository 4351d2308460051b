"""The body of a create: what it says for any template and request, and that Novita could read it."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from bot.sandbox.novita.orders import read_order
from core.adapters.novita.parse import template as read_template
from core.adapters.novita.serialize import create_body, ports_text
from core.domain.request import InstanceRequest
from core.domain.template import Port, Template, Tool
from tests.core.novita_world import IMAGE, OFFER, REQUEST

kinds = st.sampled_from(["http", "tcp"])
numbers = st.integers(1, 65535).filter(lambda number: not 2222 <= number <= 2224)
ports = st.builds(Port, port=numbers, type=kinds)
tools = st.builds(Tool, name=st.just("Jupyter"), port=numbers, type=kinds)
words = st.text(max_size=30)
envs = st.dictionaries(st.text(min_size=1, max_size=20), st.builds(SecretStr, words), max_size=5)
templates = st.builds(
    Template,
    id=st.just("1"),
    name=words,
    channel=st.just("official"),
    image=st.text(min_size=1, max_size=100),
    image_auth_id=words,
    command=words,
    entrypoint=words,
    ports=st.lists(ports, max_size=10).map(tuple),
    tools=st.lists(tools, max_size=3).map(tuple),
    envs=envs,
    min_cuda_version=words,
)


@given(templates, envs)
def test_novita_can_read_every_body_and_finds_in_it_what_was_meant(
    template: Template, wanted: dict[str, SecretStr]
) -> None:
    request = REQUEST.model_copy(update={"envs": wanted})
    order = read_order(json.loads(json.dumps(create_body("box-1", OFFER, request, template))))
    assert order.unknown_fields() == []
    assert set(order.published()) == {(port.port, port.type) for port in template.ports}
    assert [tool.port for tool in order.tools] == [str(tool.port) for tool in template.tools]
    assert {env.key: SecretStr(env.value) for env in order.envs} == template.envs | wanted
    assert (order.command, order.entrypoint) == (template.command, template.entrypoint)


@given(st.lists(ports, max_size=10))
def test_the_ports_string_names_each_port_once_in_order(published: list[Port]) -> None:
    parts = [part for part in ports_text(published).split(", ") if part]
    assert parts == list(dict.fromkeys(f"{port.port}/{port.type}" for port in published))


def test_empty_fields_are_left_out_and_no_term_is_ever_ordered() -> None:
    assert create_body("box-1", OFFER, REQUEST, IMAGE) == {
        "name": "box-1",
        "productId": "4090.16c62g",
        "clusterId": "cn-hongkong-1",
        "gpuNum": 1,
        "rootfsSize": 60,
        "kind": "gpu",
        "billingMode": "spot",
        "imageUrl": "docker.io/ubuntu:22.04",
    }


def test_the_disk_is_the_requests_not_the_templates() -> None:
    request = InstanceRequest(name="box", product_name="x", template_id="1", rootfs_size=120)
    assert create_body("b", OFFER, request, IMAGE.model_copy(update={"disk_gb": 20}))["rootfsSize"] == 120


def test_a_template_with_every_field_becomes_a_create_with_every_field() -> None:
    template = read_template(
        {
            "template": {
                "Id": "107672",
                "image": "registry.example.com/team/comfy:1.4",
                "imageAuth": "5d0c",
                "startCommand": "bash /start.sh",
                "ports": [{"type": "http", "ports": [8188]}, {"type": "tcp", "ports": [9000]}],
                "envs": [{"key": "MODE", "value": "prod"}],
                "tools": [{"name": "Jupyter", "describe": "", "port": 8888, "type": "http"}],
                "minCudaVersion": "12.4",
            }
        }
    )
    body = create_body("box-1", OFFER, REQUEST, template)
    assert body["ports"] == "8188/http, 9000/tcp"
    assert body["tools"] == [{"name": "Jupyter", "port": "8888", "type": "http"}]
    assert body["envs"] == [{"key": "MODE", "value": "prod"}]
    assert (body["imageAuthId"], body["command"], body["minCudaVersion"]) == ("5d0c", "bash /start.sh", "12.4")
