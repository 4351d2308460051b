"""How a record changes when something becomes known: instance + fact -> next instance + events (pure).

```
creating ──created/found──> starting ──> running <──> stopping ──> stopped
   │  ╲                        │  ╲________________________________╱ │
   │   lost answer: in doubt   │ statusError                        │
   ▼        │ 10 min, not found▼                                    ▼
 failed <───┘               failed (still at Novita)             deleted
```
A statusError makes it failed only before it has ever run; later it is a fault beside the state that it is in.
Every function may be applied again to the newest version of a record that somebody else changed meanwhile: it returns
None when there is nothing left to say. The README's diagram shows the same machine.
"""

from core.domain.transitions.change import TransitionResult
from core.domain.transitions.dates import redated
from core.domain.transitions.disappearance import deleted, not_found
from core.domain.transitions.launch import (
    GIVE_UP_AFTER,
    answer_lost,
    created,
    interrupted,
    launch_failed,
    presumed_lost,
    refused,
)
from core.domain.transitions.lifecycle import (
    ON_THE_WAY,
    disk_reminded,
    extended,
    not_tended,
    order_failed,
    order_posted,
    order_stuck,
    order_taken,
    order_under_way,
    ordered,
    reminded,
)
from core.domain.transitions.observation import observed
from core.domain.transitions.ownership import (
    LEASE_ANSWER_WITHIN,
    adopted,
    asked_or_stopped,
    assigned,
    doubted,
    left_alone,
    order_dropped,
    record_of,
)
from core.domain.transitions.reports import reported, summed_up, takes_reports
from core.domain.transitions.startup import (
    can_wait,
    is_startup_expired,
    questioned,
    verb_at_end,
    waits_longer,
)
from core.domain.transitions.statuses import STATUS_WORDS, STATUSES, is_strange, shows_strange_state, state_words

__all__ = [
    "GIVE_UP_AFTER",
    "LEASE_ANSWER_WITHIN",
    "ON_THE_WAY",
    "STATUSES",
    "STATUS_WORDS",
    "TransitionResult",
    "adopted",
    "answer_lost",
    "asked_or_stopped",
    "assigned",
    "can_wait",
    "created",
    "deleted",
    "disk_reminded",
    "doubted",
    "extended",
    "interrupted",
    "is_startup_expired",
    "is_strange",
    "launch_failed",
    "left_alone",
    "not_found",
    "not_tended",
    "observed",
    "order_dropped",
    "order_failed",
    "order_posted",
    "order_stuck",
    "order_taken",
    "order_under_way",
    "ordered",
    "presumed_lost",
    "questioned",
    "record_of",
    "redated",
    "refused",
    "reminded",
    "reported",
    "shows_strange_state",
    "state_words",
    "summed_up",
    "takes_reports",
    "verb_at_end",
    "waits_longer",
]
