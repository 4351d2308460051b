"""The one-liner: `/gpu create 4090 x2 spot 4h in sgp as train-1 from pytorch`, its parts in any order (pure).

| what     | said                                                                    | as a key                        |
|----------|-------------------------------------------------------------------------|---------------------------------|
| GPU      | `4090`, `rtx4090`, `a100 80gb`, `"RTX 4090 24GB"`                       | `gpu=`, `product=`              |
| count    | `x2`, `2x`, `2 gpus`, `2x4090`                                          | `gpus=`, `count=`               |
| billing  | `spot`, `on demand`                                                     | `billing=`                      |
| lease    | `4h`, `for 90m`, `1d 12h`, `2 days`, `no end`, `forever`                | `lease=` (also `none`)          |
| region   | `in sgp`, `in Hong Kong`, `in europe`, `hk`, `anywhere`                 | `region=`                       |
| name     | `as train-1`, `named train-1`                                           | `name=`                         |
| template | `from pytorch`, `from "PyTorch 2.6"`, its id, or its words on their own | `template=`                     |
| disk     | `disk 100`, `100gb`, `1tb disk`                                         | `disk=`                         |

`until 18:00`, `then delete` and `in #channel` are taken out before (`clauses`): they hang on the time and the place.

Each word is read for what it is, wherever it stands, so that order cannot matter. GPU, region and template are matched
by whole words of their names; what several of them share stays open instead of being guessed. A size such as `80gb`
belongs to the GPU when the GPU meant has it in its name, and is the disk otherwise.
"""

from bot.oneliner.formatter import complaint, write
from bot.oneliner.parsed import ParsedLine, parsed_line_of
from bot.oneliner.parser import read
from bot.oneliner.vocabulary import Vocabulary, vocabulary

__all__ = ["ParsedLine", "Vocabulary", "complaint", "parsed_line_of", "read", "vocabulary", "write"]
