"""The generator and its fake device change torch for the whole process: they are no tests and must not be imported."""

collect_ignore = [
    "fakecuda",
    "generate.py",
    "generate_bdh.py",
    "generate_moe.py",
    "generate_optimizers.py",
    "generate_plans.py",
]
