"""Trains on a TSV file of one's own, scores it, and answers questions.

    python examples/fine_tune_own_file.py --model_dir=reviews

The same as the command in the README, from Python. With --pretrained=DIR it
starts from the model in DIR instead of training a new, small one.
"""

import argparse
import logging
import os
import pathlib

# Before TensorFlow is imported: it is talkative otherwise.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
logging.getLogger("tensorflow").setLevel(logging.ERROR)

from t5_mtf import data  # noqa: E402
from t5_mtf.data import file_task  # noqa: E402
from t5_mtf.models.mtf_model import MtfModel  # noqa: E402
from t5_mtf.models.periodic_evaluation import PeriodicEvaluation  # noqa: E402

HERE = pathlib.Path(__file__).parent


def main() -> None:
  """Trains, evaluates and predicts."""
  parser = argparse.ArgumentParser(description=__doc__)
  parser.add_argument("--model_dir", required=True)
  parser.add_argument("--pretrained", help="folder of a pre-trained model")
  parser.add_argument("--steps", type=int, default=300)
  flags = parser.parse_args()

  # Which files, and how a row becomes inputs and targets. Every row is checked.
  spec = file_task.FileSpec(
      files={
          "train": (str(HERE / "reviews_train.tsv"),),
          "validation": (str(HERE / "reviews_dev.tsv"),),
      },
      input_template="review: {sentence}",
      target_column="label",
  )
  task, found = file_task.register_file_task(spec, data.get_mini_vocabulary())
  print("\n".join(found))

  model = MtfModel(
      flags.model_dir,
      batch_size=64,
      sequence_length={"inputs": 64, "targets": 8},
      save_checkpoints_steps=100,
      gin_files=[] if flags.pretrained else [
          "models/mini.gin",
          "learning_rate_schedules/constant_0_001.gin",
      ],
      # A new, small model learns faster than the published rate lets it.
      extra_gin_bindings=[] if flags.pretrained else [
          "constant_learning_rate.learning_rate = 0.02"
      ],
  )
  # Keeps the best checkpoint in MODEL_DIR/best.
  evaluation = PeriodicEvaluation(every_steps=100, metric="accuracy")
  if flags.pretrained:
    model.finetune(
        task.name, flags.steps, flags.pretrained, evaluation=evaluation
    )
  else:
    model.train(task.name, flags.steps, evaluation=evaluation)
  [result] = model.eval(task.name, -1)
  print(f"accuracy {result.metrics['accuracy']:.1f} %")
  questions = str(HERE / "reviews_questions.txt")
  answers = os.path.join(flags.model_dir, "answers.txt")
  print("answers:", *model.predict(questions, answers))


if __name__ == "__main__":
  main()
