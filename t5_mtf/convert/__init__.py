"""Checkpoints of Mesh TensorFlow and of Hugging Face, into one another.

`conversion` does it; `names` is the table of what is called how.
"""
