"""mC4: Common Crawl in 101 languages, and their sampling for mT5 and ByT5.

Xue et al. 2021 ("mT5", arXiv 2010.11934), section 3.1: a language L with |L|
pages is sampled with p(L) proportional to |L|^alpha, alpha = 0.3. Smaller is
more even, 1 is proportional.

One task a language, its `-` written `_` as task names need: `mc4.sw`,
`mc4.zh_Latn` with mT5's vocabulary, `byt5_mc4.sw` on bytes; the mixtures of
all of them are `mc4` and `byt5_mc4`.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import TYPE_CHECKING

import gin

from t5_mtf import errors
from t5_mtf.data import mixtures, preprocessors
from t5_mtf.data.tasks import definitions, multilingual_features

if TYPE_CHECKING:
  from t5_mtf.data import task as task_lib

# The version that TensorFlow Datasets makes. mT5 itself saw 3.0.1.
DATA_SET = "c4/multilingual:3.1.0"

# The data set's: 101 languages, six of them in Latin letters, too.
LANGUAGES = tuple(
    """
    af am ar az be bg bg-Latn bn ca ceb co cs cy da de el el-Latn en eo es
    et eu fa fi fil fr fy ga gd gl gu ha haw hi hi-Latn hmn ht hu hy id ig
    is it iw ja ja-Latn jv ka kk km kn ko ku ky la lb lo lt lv mg mi mk ml
    mn mr ms mt my ne nl no ny pa pl ps pt ro ru ru-Latn sd si sk sl sm sn
    so sq sr st su sv sw ta te tg th tr uk ur uz vi xh yi yo zh zh-Latn zu
    """.split()
)

# The corrupted spans of ByT5 are 20 bytes long on average (Xue et al. 2022,
# section 3.1), as 3 tokens of T5 are.
_BYT5_SPANS = functools.partial(
    preprocessors.span_corruption, mean_noise_span_length=20.0
)


@gin.configurable(module="t5_mtf.data.tasks.mc4")
def rate_language(
    task: task_lib.Task,
    alpha: float = 0.3,
    sizes: Mapping[str, float] | None = None,
) -> float:
  """The rate of a language: its size to the power of alpha (name ours).

  >>> from t5_mtf.data import TaskRegistry
  >>> english = TaskRegistry.get("mc4.en")
  >>> rate_language(english, alpha=0.5, sizes={"en": 3e9, "sw": 1e6})
  54772.25575051661

  Args:
    task: a task of one language; its name ends in `.LANGUAGE`.
    alpha: from 0 (all equal) to 1 (by size). The paper compares 0.2, 0.3 and
      0.7; T5's `temperature` is 1 / alpha.
    sizes: language -> its size, in pages, say; all languages of the mixture
      have to be there. By default the examples of the task's cache, or of the
      prepared data set, are counted.

  Returns:
    The rate, not normalized.

  Raises:
    UserError: alpha is not within 0 and 1, a size is missing or not positive,
      or the number of examples is not known.
  """
  if not 0 <= alpha <= 1:
    raise errors.UserError(
        f"rate_language.alpha is {alpha}, but must be from 0 to 1."
    )
  if sizes is None:
    return mixtures.mixing_rate_num_examples(task) ** alpha
  language = task.name.rpartition(".")[2]
  by_name = {task_suffix(key): size for key, size in sizes.items()}
  if language not in by_name:
    raise errors.unknown_name(
        "language", language, by_name, "Give its size in rate_language.sizes."
    )
  if not by_name[language] > 0:
    raise errors.UserError(
        f"rate_language.sizes has {by_name[language]} for {language!r}, but"
        " must be above 0."
    )
  return by_name[language] ** alpha


def task_suffix(language: str) -> str:
  """A language's code as it is in the names of tasks.

  >>> task_suffix("zh-Latn")
  'zh_Latn'
  """
  return language.replace("-", "_")


def register() -> None:
  """Registers the tasks of mC4 and their mixtures."""
  from t5_mtf import data

  text = functools.partial(
      preprocessors.rekey, key_map={"inputs": None, "targets": "text"}
  )
  for prefix, features, objective in (
      (
          "mc4",
          multilingual_features.mt5_features(),
          preprocessors.span_corruption,
      ),
      ("byt5_mc4", multilingual_features.byt5_features(), _BYT5_SPANS),
  ):
    rows = [
        definitions.TfdsTask(
            f"{prefix}.{task_suffix(language)}",
            DATA_SET,
            (text,),
            (objective, preprocessors.append_eos_after_trim),
            splits={"train": language, "validation": f"{language}-validation"},
            output_features=features,
        )
        for language in LANGUAGES
    ]
    definitions.register(rows)
    data.MixtureRegistry.add(
        prefix, [row.name for row in rows], default_rate=rate_language
    )
