"""Makes the sample files in this folder: python make.py (pandas, numpy, pyarrow)."""

from datetime import datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.feather as feather
from pandas.io import stata

HERE = Path(__file__).parent
LATIN, CYRILLIC = "Münster", "Минск"


def frame(text):
    return pd.DataFrame(
        {
            "id": ["BLR", text, ""],
            "small": np.array([1, -127, 100], dtype="int8"),
            "year": np.array([1992, -5, 32740], dtype="int16"),
            "pair": np.array([7, -2147483647, 2147483620], dtype="int32"),
            "share": np.array([0.5, np.nan, -0.25], dtype="float32"),
            "value": np.array([1234.5, np.nan, -1e300]),
            "day": pd.to_datetime(["2024-02-29", None, "1959-12-31"]),
            "instant": pd.to_datetime(["2024-02-29 12:30:00", None, "1960-01-01 00:00:00"]),
            "level": pd.Categorical(["low", "high", None], categories=["low", "high"]),
            "month": pd.to_datetime(["2024-02-01", "1960-01-01", "1959-12-01"]),
        }
    )


DATES = {"day": "td", "instant": "tc", "month": "tm"}
WHEN = datetime(2026, 1, 1)
OLD = dict(convert_dates=DATES, write_index=False, time_stamp=WHEN)
frame(LATIN).to_stata(HERE / "v114.dta", version=114, byteorder="<", **OLD)
frame(LATIN).to_stata(HERE / "v114-big.dta", version=114, byteorder=">", **OLD)
for version, text in [(117, LATIN), (118, CYRILLIC), (119, CYRILLIC)]:
    table = frame(text)
    # pandas writes long texts of release 117 as UTF-8, which that release does not know.
    table["remark"] = ["x" * 3000, "plain" if version == 117 else text, ""]
    for order, end in [("<", ""), (">", "-big")]:
        path = HERE / f"v{version}{end}.dta"
        # pandas writes 119 only for tables of more than 32,767 variables unless asked directly.
        writer = {117: stata.StataWriter117}.get(version, stata.StataWriterUTF8)
        more = {} if version == 117 else {"version": version}
        writer(
            path, table, byteorder=order, convert_strl=["remark"], convert_dates=DATES,
            write_index=False, time_stamp=WHEN, **more,
        ).write_file()

# Releases that pandas does not write: 115 differs from 114 in its number alone, 113 in the
# number and in fields of 12 bytes for the formats.
old = bytearray((HERE / "v114.dta").read_bytes())
old[0] = 115
(HERE / "v115.dta").write_bytes(old)
old[0] = 113
count = int.from_bytes(old[4:6], "little")
start = 4 + 2 + 4 + 81 + 18 + count + 33 * count + 2 * (count + 1)
formats = b"".join(bytes(old[start + 49 * i : start + 49 * i + 12]) for i in range(count))
(HERE / "v113.dta").write_bytes(old[:start] + formats + old[start + 49 * count :])


def arrow():
    return pa.table(
        {
            "id": pa.array(["BLR", None, CYRILLIC]),
            "code": pa.array(["a", "b", "a"]).dictionary_encode(),
            "year": pa.array([1992, None, 2024], pa.int16()),
            "big": pa.array([1, 2**53 + 1, None], pa.int64()),
            "value": pa.array([1.5, None, -2.25]),
            "small": pa.array([0.5, 0.25, None], pa.float32()),
            "yes": pa.array([True, None, False]),
            "day": pa.array([19782, None, -1], pa.date32()),
            "instant": pa.array([1709209800000, None, 0], pa.timestamp("ms")),
        }
    )


feather.write_feather(arrow(), HERE / "lz4.feather", compression="lz4")
feather.write_feather(arrow(), HERE / "zstd.feather", compression="zstd")
with pa.OSFile(str(HERE / "stream.arrows"), "wb") as sink:
    with pa.ipc.new_stream(sink, arrow().schema) as writer:
        writer.write_table(arrow().slice(0, 2))
        writer.write_table(arrow().slice(2))
nested = pa.table({"id": ["a"], "pair": [[1, 2]]})
with pa.OSFile(str(HERE / "nested.arrow"), "wb") as sink:
    with pa.ipc.new_file(sink, nested.schema) as writer:
        writer.write_table(nested)
