"""The catalogue: one dated, sourced row per SKU, read from a CSV file that is named with its date.

A row holds what the vendor publishes. `*_tflops` are dense and with fp32 accumulation; a dtype is left empty where the
card has no faster unit for it than fp32, or where no such figure is published. `fp32` is plain IEEE arithmetic: the
matrix units of AMD Instinct count, since they compute it in full. `usable_gib` is the total that a process was told
by the driver ("total capacity" in PyTorch's out-of-memory message), with its source; empty where only a rule is known.
"""

import csv
from functools import cache
from pathlib import Path

from advisor.gpus.cells import number, whole
from advisor.gpus.gpu import DTYPES, GPU
from advisor.gpus.usable import usable
from advisor.units import GB, GIB, MIB, TERA

DATA = Path(__file__).parent / "data" / "gpus-2026-11-21.csv"


@cache
def catalogue() -> tuple[GPU, ...]:
    """Every GPU of the catalogue, in the file's order."""
    with DATA.open(encoding="utf-8", newline="") as file:
        return tuple(_gpu(row) for row in csv.DictReader(file))


def _gpu(row: dict[str, str]) -> GPU:
    nominal = int(float(row["memory_gib"]) * GIB)
    memory, memory_source = usable(row["vendor"], nominal, row["memory_type"])
    if row["usable_gib"]:
        memory, memory_source = int(float(row["usable_gib"]) * GIB), f"measured: {row['usable_source']}"
    return GPU(
        name=row["name"],
        vendor=row["vendor"],
        architecture=row["architecture"],
        memory_bytes=memory,
        memory_source=memory_source,
        nominal_memory_bytes=nominal,
        memory_type=row["memory_type"],
        bandwidth=number(row["bandwidth_gbs"], GB),
        peaks={dtype: float(row[key]) * TERA for dtype in DTYPES if row[key := f"{dtype}_tflops"]},
        compute_units=whole(row["units"]),
        boost_hz=number(row["boost_mhz"], 10**6),
        l2_bytes=whole(row["l2_mib"], MIB),
        link=row["link"],
        link_bandwidth=number(row["link_gbs"], GB),
        tdp_watts=whole(row["tdp_w"]),
        released=whole(row["released"]),
        source=row["source"],
        as_of=row["as_of"],
        note=row["note"],
        brand=row["brand"],
        aliases=tuple(row["aliases"].split("|")) if row["aliases"] else (),
    )
