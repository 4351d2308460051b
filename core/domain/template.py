"""A template: the image that an instance is made from, with its ports, variables and tools."""

from __future__ import annotations

from pydantic import Field, SecretStr

from core.domain.base import Value


class Port(Value):
    """A port to publish; `type` is `http` or `tcp`."""

    port: int
    type: str


class Tool(Value):
    """A tool that Novita starts beside the image, such as Jupyter."""

    name: str
    port: int
    type: str


class Template(Value):
    """A Novita template, everything a create needs of it. The values of `envs` are secrets."""

    id: str
    name: str
    channel: str
    image: str
    image_auth_id: str = ""
    command: str = ""
    entrypoint: str = ""
    disk_gb: int = 0
    """0 when the template does not say."""
    ports: tuple[Port, ...] = ()
    tools: tuple[Tool, ...] = ()
    envs: dict[str, SecretStr] = Field(default_factory=dict, exclude=True)
    min_cuda_version: str = ""
    has_local_volumes: bool = False
    """Local volumes have no field in Novita's create (API.md, Templates): they are left out, and people are told."""
