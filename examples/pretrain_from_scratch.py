"""Pre-trains a new model on plain text, then fine-tunes it.

    python examples/pretrain_from_scratch.py --output=from_scratch

Trains a vocabulary on the text, pre-trains by span corruption (Raffel et al.
2020, section 3.3.4), and fine-tunes on a task with the same vocabulary.
"""

import argparse
import logging
import os
import pathlib

# Before TensorFlow is imported: it is talkative otherwise.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
logging.getLogger("tensorflow").setLevel(logging.ERROR)

from t5_mtf import data  # noqa: E402
from t5_mtf.data import file_task, vocabulary_training  # noqa: E402
from t5_mtf.evaluation import files  # noqa: E402
from t5_mtf.models.mtf_model import MtfModel  # noqa: E402

HERE = pathlib.Path(__file__).parent


def main() -> None:
  """Makes a vocabulary, pre-trains and fine-tunes."""
  parser = argparse.ArgumentParser(description=__doc__)
  parser.add_argument("--output", required=True)
  parser.add_argument("--text", default=str(HERE / "prose.txt"))
  parser.add_argument("--vocabulary_size", type=int, default=1000)
  parser.add_argument("--pretrain_steps", type=int, default=300)
  parser.add_argument("--finetune_steps", type=int, default=300)
  flags = parser.parse_args()
  pretrained = os.path.join(flags.output, "pretrained")
  finetuned = os.path.join(flags.output, "finetuned")
  vocabulary = _vocabulary(flags)

  texts = file_task.FileSpec(
      files={"train": (flags.text,)},
      target_column="text",
      unsupervised=True,
      metrics=(),
  )
  task, found = file_task.register_file_task(texts, vocabulary)
  print("\n".join(found))
  MtfModel(
      pretrained,
      batch_size=16,
      save_checkpoints_steps=100,
      gin_files=[
          "models/mini.gin",
          "learning_rate_schedules/rsqrt_no_ramp_down.gin",
          "objectives/span_3_15_u_u.gin",
      ],
      extra_gin_bindings=["inputs_length = 128"],
  ).train(task.name, flags.pretrain_steps)

  reviews = file_task.FileSpec(
      files={
          "train": (str(HERE / "reviews_train.tsv"),),
          "validation": (str(HERE / "reviews_dev.tsv"),),
      },
      input_template="review: {sentence}",
      target_column="label",
  )
  task, _ = file_task.register_file_task(reviews, vocabulary)
  model = MtfModel(
      finetuned,
      batch_size=64,
      sequence_length={"inputs": 64, "targets": 8},
      gin_files=["learning_rate_schedules/constant_0_001.gin"],
      extra_gin_bindings=[
          "constant_learning_rate.learning_rate = 0.02",
          "mesh_train_dataset_fn.pack = False",
      ],
  )
  model.finetune(task.name, flags.finetune_steps, pretrained)
  [result] = model.eval(task.name, -1)
  print(f"accuracy {result.metrics['accuracy']:.1f} %")


def _vocabulary(flags: argparse.Namespace) -> data.SentencePieceVocabulary:
  """Trains a SentencePiece vocabulary on the text, once."""
  path = os.path.join(flags.output, "spiece.model")
  if not os.path.exists(path):
    lines = vocabulary_training.Text((flags.text,)).lines()
    model = vocabulary_training.train(lines, flags.vocabulary_size)
    files.write_atomically(path, model)
  return data.SentencePieceVocabulary(path)


if __name__ == "__main__":
  main()
