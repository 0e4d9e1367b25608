"""T5 as first published: a Mesh TensorFlow Transformer on text-to-text tasks.

Importing this package imports neither TensorFlow nor the sub-packages, reads no
file and touches no network. What is where:

  t5_mtf.data        vocabularies, sources, Tasks, Mixtures, preprocessors
  t5_mtf.evaluation  metrics and the results file
  t5_mtf.models      the Mesh TensorFlow model under TPUEstimator
  t5_mtf.cli         the commands; the only place that knows flags
"""

import sys

__version__ = "0.1.0"

if sys.version_info[:2] != (3, 11):
  raise ImportError(
      f"t5_mtf runs on Python 3.11 (the last TensorFlow with TPUEstimator has"
      f" no later wheels we test); this is Python"
      f" {sys.version_info[0]}.{sys.version_info[1]}. Create the environment"
      f" with `python3.11 -m venv .venv`."
  )
