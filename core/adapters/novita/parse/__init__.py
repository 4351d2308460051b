"""Novita's JSON, read into our values."""

from __future__ import annotations

from core.adapters.novita.parse.instances import BALANCE_UNIT, balance, connection, instance, instances
from core.adapters.novita.parse.market import PRICE_UNIT, products, regions, split_region_name, template, templates
from core.adapters.novita.parse.values import Json, created_id, date, instant, integer, parse, text

__all__ = [
    "BALANCE_UNIT",
    "PRICE_UNIT",
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
    "split_region_name",
    "template",
    "templates",
    "text",
]
