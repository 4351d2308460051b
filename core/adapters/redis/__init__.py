"""Redis: records, request keys, indexes, timelines, the outbox and the shared market.

| key                          | type   | holds                                                                     | ends            |
|------------------------------|--------|---------------------------------------------------------------------------|-----------------|
| {gpu}:instance:<id>          | hash   | json (the record), v (its version), c (id of the commit that wrote it),   | 30 d after end  |
|                              |        | t (events told to all), t:<notifier> (to this one), b (events before      |                 |
|                              |        | those that the timeline has)                                              |                 |
| {gpu}:timeline:<id>          | list   | the instance's events as JSON, oldest first: the newest 1,000 at least    | 30 d after end  |
| {gpu}:delivery:<id>          | string | JSON: per notifier how far it has told the timeline, and what it remembers | 30 d after end  |
| {gpu}:cards                  | hash   | by id: where its card stands in Slack ("channel:ts", "-" for nowhere), and | 30 d after end  |
|                              |        | all that it is drawn with as JSON                                         |                 |
| {gpu}:threads                | hash   | "channel:ts" of each card -> id                                           | 30 d after end  |
| {gpu}:delivering:<id>        | string | which process is telling this instance's events just now                  | hold, 30 s      |
| {gpu}:outbox                 | zset   | ids with events to tell, by the time (ms) they are due                    | when told       |
| {gpu}:request:<key>          | string | the id that this request key led to                                       | never           |
| {gpu}:names                  | hash   | the names of instances that have not ended, in small letters, by whose    | with its end    |
| {gpu}:last:<team>:<user>     | string | JSON: what a person created last, without its name, variables and webhook | 60 d after it   |
| {gpu}:live                   | zset   | ids of instances that have not ended, by creation (ms)                    | at their end    |
| {gpu}:ended                  | zset   | ids of ended instances, by their end (ms)                                 | trimmed at 30 d |
| {gpu}:reports:<id>           | hash   | a machine's reports: since and n of this minute, over (ever left out)     | 30 d after last |
| {gpu}:left_out               | zset   | ids with reports left out to be summed up, by the end of that minute (ms) | when summed up  |
| {gpu}:looked                 | hash   | at (ms of the last complete look, Redis's own time), outside (how many it  | never           |
|                              |        | saw that were made outside this bot), commits (to records, ever)          |                 |
| {gpu}:alarms                 | hash   | what the admins must hear of, by kind and subject, as JSON                | 1 h after end   |
| {gpu}:alarms:told            | hash   | which admin was told of which alarm                                       | with the alarm  |
| {gpu}:alarms:telling:<both>  | string | a process is telling an admin of an alarm just now                        | 30 s            |
| {gpu}:identity               | string | JSON: who the bot is in Slack, as it was last told                        | never           |
| {gpu}:once:<what>            | string | something was done that is done once, such as to answer what a person said | 1 min to 1 d    |
| {gpu}:market                 | hash   | json (regions and products), as_of (ms)                                   | never           |
| {gpu}:market:stock           | hash   | "N spot", "N onDemand" -> stock of N GPUs at once, by region and product  | never           |
| {gpu}:market:refreshing      | string | a process is fetching the market just now                                 | 30 s            |
| {gpu}:newest:<name>          | string | the greatest stamp noted under a name                                        | 1 h             |
| {gpu}:processes              | zset   | each process's id by its last sign of life (ms)                           | trimmed         |
| {gpu}:worker:seen            | string | when a worker last did its round (ms)                                     | never           |
| {gpu}:doctor:<word>          | string | a write that is tried, and removed at once                                | 1 min           |
| {gpu}:worker:succeeded       | hash   | each background task by when it last succeeded (ms)                       | never           |
| {gpu}:worker:tasks           | hash   | each background task: which worker does it, until when, and when it is due | never           |

All keys share one hash tag, so that the scripts stay legal on a Redis Cluster.
"""

from core.adapters.redis.connection import connect, tls_trouble
from core.adapters.redis.store import KEEP_ENDED, Store

__all__ = ["KEEP_ENDED", "Store", "connect", "tls_trouble"]
