"""What is at Novita and on no record of the bot's, as /api shows it: with what Novita says of it, and nothing else."""

from __future__ import annotations

from bot.http.api.requests import request_shown_outside
from bot.http.api.schemas import InstanceShown, Source
from core.domain.base import NOBODY
from core.domain.instance import Status
from core.domain.novita import NovitaInstance
from core.domain.transitions import STATUSES


def shown_outside(novita: NovitaInstance) -> InstanceShown:
    """Its only id is Novita's. What only a record could tell is null or empty."""
    nothing = dict.fromkeys(InstanceShown.model_fields)
    known = {
        "id": novita.id,
        "instance_id": novita.id,
        "novita_instance_id": novita.id,
        "source": Source.NOVITA,
        "owner": NOBODY.user,
        "status": STATUSES.get(novita.status, Status.UNKNOWN),
        "novita_status": novita.status,
        "product_id": novita.product_id or None,
        "template_name": novita.image,
        "region": novita.region or None,
        "spot_price": novita.price,
        "price_per_hour": None if novita.price is None else novita.price * novita.gpu_num,
        "cost_so_far": 0,
        "env_names": (),
        "port_mappings": (),
        "attempts": (),
        "created_at": novita.created_at,
        "data_until": novita.data_until,
        "spot_reclaim_at": novita.spot_reclaim_at,
    }
    return InstanceShown(**{**nothing, **request_shown_outside(novita), **known})
