"""The commands `t5_mesh_transformer` and `t5_mtf`; the only place with flags."""
