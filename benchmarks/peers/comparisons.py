"""Which works are compared with which packages, and the ratios wanted."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

from work import T5_1_1_SMALL, T5_SMALL, Work

OURS = "ours"
PUBLISHED = "published"
FLOAT32 = "Hugging Face float32"
BFLOAT16 = "Hugging Face bfloat16"
PROGRAMS = {
    OURS: "ours.py",
    PUBLISHED: "published.py",
    FLOAT32: "hugging_face.py",
    BFLOAT16: "hugging_face.py",
}
HOW = {BFLOAT16: {"bfloat16": True}}


# Measured by programs of their own, and the goals against the published code.
STARTING = "from the start of the command"
PACKING = "packed input, 512 + 114 tokens"
GOALS = {STARTING: 2.0, PACKING: 1.5}
BFLOAT16_SHARE = 0.5  # of the machine's own speed, in a training step


@dataclasses.dataclass(frozen=True)
class Comparison:
  """One row of the table.

  Attributes:
    name: what is done.
    work: the computation.
    goals: package -> how many times its tokens a second are wanted.
    batches: of a run; the first two are left out.
    memory: whether the peak of memory is compared with the published code's.
  """

  name: str
  work: Work
  goals: Mapping[str, float]
  batches: int
  memory: bool = False


_TRAINING = {PUBLISHED: 2.2, BFLOAT16: 1.3, FLOAT32: 2.0}
_GREEDY = {PUBLISHED: 2.5, FLOAT32: 1.5}
_BEAM = {PUBLISHED: 1.5, FLOAT32: 2.0}

COMPARISONS = (
    Comparison(
        "training T5-small, 8 x (128 + 128)",
        Work("train", T5_SMALL, 8, 128, 128),
        _TRAINING,
        7,
        memory=True,
    ),
    Comparison(
        "training T5-small, packed, 4 x (512 + 114)",
        Work("train", T5_SMALL, 4, 512, 114, examples=4),
        _TRAINING,
        7,
        memory=True,
    ),
    Comparison(
        "training T5.1.1-small, 8 x (128 + 128)",
        Work("train", T5_1_1_SMALL, 8, 128, 128),
        _TRAINING,
        7,
        memory=True,
    ),
    *(
        Comparison(
            f"{name}, {n} x (128 to 64)",
            Work(kind, T5_SMALL, n, 128, 64),
            goals,
            batches,
        )
        for name, kind, goals, every in (
            ("greedy decoding", "greedy", _GREEDY, ((1, 9), (8, 6), (32, 4))),
            ("beam search of 4", "beam", _BEAM, ((1, 6), (8, 4), (32, 3))),
        )
        for n, batches in every
    ),
    *(
        Comparison(
            f"scoring, {n} x (128 + 64)",
            Work("score", T5_SMALL, n, 128, 64),
            {FLOAT32: 1.5},
            batches,
        )
        for n, batches in ((8, 10), (32, 5))
    ),
)
