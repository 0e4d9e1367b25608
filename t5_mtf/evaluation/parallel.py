"""Work on many chunks: on all cores, with a progress bar if it takes long."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

_Result = TypeVar("_Result")

_SECONDS_BEFORE_BAR = 2


def map_chunks(
    function: Callable[..., _Result],
    chunks: Sequence[tuple[Any, ...]],
    description: str,
    all_cores: bool,
) -> list[_Result]:
  """Returns `function(*chunk)` for each chunk, in order.

  After two seconds, a progress bar shows on standard error if that is a
  terminal. Worker processes take a second or two to start, once; idle ones end
  by themselves. They do not import the caller's main module, so a script needs
  no `if __name__ == "__main__":`.

  Args:
    function: called with the chunk's items as arguments. For other processes
      it must be picklable by cloudpickle, which takes closures and lambdas.
    chunks: tuples of arguments.
    description: what the progress bar says.
    all_cores: work in one process for each core, else in this one.

  >>> map_chunks(pow, [(2, 3), (3, 2)], "powers", all_cores=False)
  [8, 9]
  """
  import joblib
  import tqdm

  workers = min(joblib.cpu_count(), len(chunks)) if all_cores else 1
  results = joblib.Parallel(n_jobs=workers, return_as="generator")(
      joblib.delayed(function)(*chunk) for chunk in chunks
  )
  return list(
      tqdm.tqdm(
          results,
          desc=description,
          total=len(chunks),
          delay=_SECONDS_BEFORE_BAR,
          disable=None,  # shows on a terminal only
          leave=False,
      )
  )
