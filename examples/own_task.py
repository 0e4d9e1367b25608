"""A Task of one's own: a source, preprocessors, a postprocessor and a metric.

    python examples/own_task.py --model_dir=arithmetic

Trains a small model on sums. The Task is usable from the command line, too:

    t5_mesh_transformer --module_import=own_task ...
"""

import argparse
import logging
import os
import random

# Before TensorFlow is imported: it is talkative otherwise.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
logging.getLogger("tensorflow").setLevel(logging.ERROR)

from t5_mtf import data  # noqa: E402
from t5_mtf.evaluation import metrics  # noqa: E402
from t5_mtf.models.mtf_model import MtfModel  # noqa: E402
from t5_mtf.tf_compat import tf  # noqa: E402

SIZES = {"train": 4000, "validation": 200}


def sums(split, shuffle_files, seed=None):
  """The source: a dataset of examples, here made up, of a split."""
  del shuffle_files, seed
  numbers = random.Random(split)
  pairs = [
      (numbers.randrange(10), numbers.randrange(10))
      for _ in range(SIZES[split])
  ]
  return tf.data.Dataset.from_tensor_slices({
      "question": [f"{a} + {b}" for a, b in pairs],
      "sum": [a + b for a, b in pairs],
  })


def to_text(dataset):
  """A preprocessor: inputs and targets as text, with a task prefix."""
  return dataset.map(lambda example: {
      "inputs": tf.strings.join(["sum: ", example["question"]]),
      "targets": tf.strings.as_string(example["sum"]),
  })


def to_number(text, example=None, is_target=False):
  """A postprocessor: what the metrics compare."""
  del example, is_target
  return int(text) if text.strip().isdecimal() else -1


def off_by_one(targets, predictions):
  """A metric: the share of predictions that are nearly right."""
  near = [abs(t - p) <= 1 for t, p in zip(targets, predictions, strict=True)]
  return {"within_one": 100 * sum(near) / len(near)}


FEATURE = data.Feature(data.ByteVocabulary(), add_eos=True)
if "example_sums" not in data.TaskRegistry.names():
  data.TaskRegistry.add(
      "example_sums",
      source=data.FunctionDataSource(
          sums, splits=list(SIZES), num_input_examples=SIZES
      ),
      preprocessors=[
          to_text,
          data.preprocessors.tokenize,
          data.preprocessors.append_eos_after_trim,
      ],
      postprocess_fn=to_number,
      metric_fns=[metrics.accuracy, off_by_one],
      output_features={"inputs": FEATURE, "targets": FEATURE},
  )


def main() -> None:
  """Trains and evaluates."""
  parser = argparse.ArgumentParser(description=__doc__)
  parser.add_argument("--model_dir", required=True)
  parser.add_argument("--steps", type=int, default=400)
  flags = parser.parse_args()
  model = MtfModel(
      flags.model_dir,
      batch_size=64,
      sequence_length={"inputs": 16, "targets": 8},
      save_checkpoints_steps=200,
      gin_files=[
          "models/mini.gin",
          "learning_rate_schedules/constant_0_001.gin",
      ],
      extra_gin_bindings=["constant_learning_rate.learning_rate = 0.02"],
  )
  model.train("example_sums", flags.steps)
  [result] = model.eval("example_sums", -1)
  print(", ".join(f"{k} {v:.1f} %" for k, v in result.metrics.items()))


if __name__ == "__main__":
  main()
