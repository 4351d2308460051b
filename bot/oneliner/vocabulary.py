"""What the one-liner can name: the products, regions and templates of the moment, found by words of their names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from core.domain.market import Market, Region
from core.domain.request import Field
from core.domain.search import Names, product_names, region_names
from core.domain.template import Template


@dataclass(frozen=True)
class Vocabulary:
    """`templates` are pairs of id and name."""

    products: tuple[str, ...]
    regions: tuple[Region, ...]
    templates: tuple[tuple[str, str], ...]

    @cached_property
    def names(self) -> dict[Field, Names]:
        """What can be meant in each field that is chosen from a list."""
        return {
            Field.PRODUCT_NAME: product_names(self.products),
            Field.REGION: region_names(self.regions),
            Field.TEMPLATE_ID: Names((template_id, (name,)) for template_id, name in self.templates),
        }


def vocabulary(market: Market, templates: Sequence[Template]) -> Vocabulary:
    """What can be named while the market and the templates are these."""
    return Vocabulary(
        products=tuple(dict.fromkeys(product.name for product in market.products)),
        regions=market.regions,
        templates=tuple((template.id, template.name) for template in templates),
    )
