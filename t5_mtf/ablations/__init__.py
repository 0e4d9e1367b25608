"""The paper's ablation tables: planned, run, collected and shown."""
