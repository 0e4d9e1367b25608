"""The sizes and kinds of a T5 that both Mesh TF and Hugging Face can build."""

from __future__ import annotations

import dataclasses

# Fixed in Mesh TF's relative position buckets, a setting of Hugging Face's.
MAX_DISTANCE = 128


@dataclasses.dataclass(frozen=True)
class Architecture:
  """What tells one T5 from another.

  Attributes:
    vocab_rows: rows of the embedding, padding of the vocabulary included.
    d_model: width of the residual stream.
    d_ff: hidden units of a feed-forward layer.
    d_kv: width of one attention head.
    num_heads: attention heads.
    encoder_layers: blocks of the encoder.
    decoder_layers: blocks of the decoder.
    num_buckets: buckets of the relative position biases.
    gated: gated GELU feed-forward layers (1.1, mT5), else ReLU (1.0).
    tied: logits come from the embedding, scaled by d_model**-0.5 (1.0), else
      from a matrix of their own (1.1, mT5).
    epsilon: of the layer norms.
    dropout_rate: of all layers, in training.
  """

  vocab_rows: int
  d_model: int
  d_ff: int
  d_kv: int
  num_heads: int
  encoder_layers: int
  decoder_layers: int
  num_buckets: int = 32
  gated: bool = False
  tied: bool = True
  epsilon: float = 1e-6
  dropout_rate: float = 0.1

  @property
  def family(self) -> str:
    """The published family that it has the layers of."""
    if self.gated != self.tied:
      return "T5 1.1" if self.gated else "T5 1.0"
    feed_forward = "gated GELU" if self.gated else "ReLU"
    logits = "tied" if self.tied else "untied"
    return f"T5 with {feed_forward} and {logits} logits"

  def size_of(self, dimension: str) -> int:
    """Size of a dimension of `names`; "heads*d_kv" is the heads side by side.

    >>> Architecture(256, 32, 64, 8, 4, 2, 2).size_of("heads*d_kv")
    32
    """
    sizes = {
        "vocab": self.vocab_rows,
        "d_model": self.d_model,
        "d_ff": self.d_ff,
        "heads": self.num_heads,
        "heads*d_kv": self.num_heads * self.d_kv,
        "buckets": self.num_buckets,
    }
    return sizes[dimension]
