"""The commands `t5_mesh_transformer` and `t5_mtf`; only here are flags."""
