"""Makes a Hugging Face model of random weights: GIN_FILE FOLDER."""

from __future__ import annotations

import sys

from work import T5_1_1_SMALL, T5_SMALL, VOCABULARY

_SIZES = {
    T5_SMALL: {"d_ff": 2048, "num_layers": 6, "num_heads": 8},
    T5_1_1_SMALL: {
        "d_ff": 1024,
        "num_layers": 8,
        "num_heads": 6,
        "feed_forward_proj": "gated-gelu",
        "tie_word_embeddings": False,
    },
}


def main() -> None:
  """Makes it."""
  import torch
  import transformers

  gin_file, folder = sys.argv[1:]
  torch.manual_seed(0)
  config = transformers.T5Config(
      vocab_size=VOCABULARY,
      d_model=512,
      d_kv=64,
      decoder_start_token_id=0,
      **_SIZES[gin_file],
  )
  model = transformers.T5ForConditionalGeneration(config)
  with torch.no_grad():
    # Padding, EOS and unknown: outputs are as long as they may be.
    model.shared.weight[:3] = 0
  model.save_pretrained(folder)


if __name__ == "__main__":
  main()
