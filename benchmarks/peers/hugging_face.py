"""Runs a work with Hugging Face's transformers on PyTorch."""

from __future__ import annotations

import contextlib
import os
from typing import Any

from work import Work, ids, serve, timed


def measure(
    work: Work, batches: int, set_up: int, model: str, bfloat16: bool = False
) -> dict[str, Any]:
  """Seconds of each batch, and what was decoded.

  Args:
    work: what to run.
    batches: how many.
    set_up: how many of them are left out.
    model: folder of the converted model.
    bfloat16: whether to run under autocast.
  """
  os.environ["HF_HUB_OFFLINE"] = "1"
  import torch
  import transformers

  torch.manual_seed(0)
  network = transformers.T5ForConditionalGeneration.from_pretrained(
      model, dropout_rate=0.1
  )
  cast = (
      torch.autocast("cpu", torch.bfloat16)
      if bfloat16
      else contextlib.nullcontext()
  )
  data = (
      {name: torch.tensor(value).long() for name, value in batch.items()}
      for batch in ids(work, batches)
  )
  outputs: list[Any] = []
  step = _STEPS[work.kind](torch, transformers, network, work, outputs)
  with cast:
    seconds = timed(step, data, set_up)
  return {
      "seconds": seconds,
      "outputs": outputs[-1] if outputs else None,
      "version": (
          f"transformers {transformers.__version__}, torch {torch.__version__}"
      ),
  }


def _training(
    torch: Any, transformers: Any, network: Any, work: Work, outputs: list[Any]
) -> Any:
  del torch, work, outputs
  network.train()
  optimizer = transformers.Adafactor(
      network.parameters(), lr=0.001, relative_step=False, scale_parameter=True
  )

  def step(batch: dict[str, Any]) -> None:
    optimizer.zero_grad()
    found = network(input_ids=batch["inputs"], labels=batch["targets"])
    found.loss.backward()
    optimizer.step()

  return step


def _generation(
    torch: Any, transformers: Any, network: Any, work: Work, outputs: list[Any]
) -> Any:
  del transformers
  network.eval()

  def step(batch: dict[str, Any]) -> None:
    with torch.inference_mode():
      found = network.generate(
          batch["inputs"],
          max_new_tokens=work.targets,
          do_sample=False,
          num_beams=4 if work.kind == "beam" else 1,
          length_penalty=0.6,
      )
    outputs.append(found[:, 1:].tolist())

  return step


def _scoring(
    torch: Any, transformers: Any, network: Any, work: Work, outputs: list[Any]
) -> Any:
  del transformers, work
  network.eval()

  def step(batch: dict[str, Any]) -> None:
    targets = batch["targets"]
    with torch.inference_mode():
      logits = network(input_ids=batch["inputs"], labels=targets).logits
      losses = torch.nn.functional.cross_entropy(
          logits.transpose(1, 2), targets, reduction="none"
      )
    outputs.append((-losses.sum(-1)).tolist())

  return step


_STEPS = {
    "train": _training,
    "greedy": _generation,
    "beam": _generation,
    "score": _scoring,
}


if __name__ == "__main__":
  serve(measure)
