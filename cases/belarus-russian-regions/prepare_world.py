"""Add up the goods flows of the case world-2022 for the table world.csv of this case.

    python3 prepare_world.py

Reads flows.csv.gz and products.csv of ../world-2022 (OECD inter-country input-output tables, 2025
release, year 2022, intermediate products) and writes world.csv: sales of goods among the partners
named below, the 27 members of the European Union as one, and all other economies of the table as
REST. Sales of a place to itself are those inside it: for EU27 and REST they include trade among
their members.
"""

import csv
import gzip
import math
import pathlib

HERE = pathlib.Path(__file__).parent
WORLD = HERE.parent / "world-2022"
ALONE = ["BLR", "BRA", "CHN", "GBR", "IND", "KAZ", "RUS", "TUR", "UKR", "USA"]


def table(name):
    path = WORLD / name
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "rt", encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


def main():
    goods = {row["id"] for row in table("products.csv") if row["goods"] == "1"}
    eu = next(row["members"].split() for row in table("places.csv") if row["id"] == "EU27")
    place = {**{id: id for id in ALONE}, **{id: "EU27" for id in eu}}
    parts = {}
    for row in table("flows.csv.gz"):
        if row["product"] in goods:
            pair = tuple(place.get(row[end], "REST") for end in ("origin", "destination"))
            parts.setdefault(pair, []).append(float(row["value"]))
    with open(HERE / "world.csv", "w", encoding="utf-8", newline="") as file:
        out = csv.writer(file, lineterminator="\n")
        out.writerow("origin,destination,year,value,unit,scope,status,source".split(","))
        for (origin, destination), values in sorted(parts.items()):
            value = f"{math.fsum(values):.2f}"
            scope = "intermediate goods only"
            out.writerow([origin, destination, 2022, value, "USD mn", scope, "derived", "S37"])


if __name__ == "__main__":
    main()
