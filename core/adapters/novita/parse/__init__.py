"""Novita's JSON, read into our values."""

from __future__ import annotations

from core.adapters.novita.parse.instances import balance, connection, instance, instances
from core.adapters.novita.parse.market import products, regions, template, templates
from core.adapters.novita.parse.values import Json, created_id, date, instant, integer, parse

__all__ = [
    "Json",
    "balance",
    "connection",
    "created_id",
    "date",
    "instance",
    "instances",
    "instant",
    "integer",
    "parse",
    "products",
    "regions",
    "template",
    "templates",
]
