"""Bring prepared OECD ICIO 2022 figures into the form of this case.

    python3 prepare.py FOLDER

FOLDER holds the reduction of the 2025 release of the OECD inter-country input-output tables
(intermediate matrix, 80 economies x 50 activities, year 2022) and the GeoNames covariates:
icio2022_flows_by_sector.csv.gz, icio2022_io_by_country.csv.gz, icio2022_output.csv, pairs.csv,
countries.csv and sectors.csv. Columns that hold one constant move to datapackage.json; nothing
else changes. The files are written with a fixed gzip header, so that the same input gives the
same bytes.
"""

import csv
import gzip
import io
import pathlib
import sys

# First letters of ISIC Rev. 4 activities.
GROUPS = {
    "A": "Farming and fishing", "B": "Mining", "C": "Manufacturing", "DEF": "Utilities and construction",
    "GHI": "Trade and transport", "JKLMN": "Business services", "OPQRST": "Public and other services",
}
# Names for pictures.
SHORT = {
    "A01": "Agriculture", "A02": "Forestry", "A03": "Fishing", "B05": "Coal", "B06": "Oil and gas",
    "B07": "Metal ores", "B08": "Other mining", "B09": "Mining support",
    "C10T12": "Food, drink, tobacco", "C13T15": "Textiles, clothing, leather", "C16": "Wood",
    "C17_18": "Paper and printing", "C19": "Coke and refined petroleum", "C20": "Chemicals",
    "C21": "Pharmaceuticals", "C22": "Rubber and plastics", "C23": "Glass, cement, ceramics",
    "C24A": "Iron and steel", "C24B": "Non-ferrous metals", "C25": "Metal products",
    "C26": "Computers and electronics", "C27": "Electrical equipment", "C28": "Machinery",
    "C29": "Motor vehicles", "C301": "Ships and boats", "C302T309": "Other transport equipment",
    "C31T33": "Furniture and other goods", "D": "Electricity and gas", "E": "Water and waste",
    "F": "Construction", "G": "Wholesale and retail", "H49": "Land transport, pipelines",
    "H50": "Water transport", "H51": "Air transport", "H52": "Warehousing",
    "H53": "Post and couriers", "I": "Hotels and restaurants",
    "J58T60": "Publishing and broadcasting", "J61": "Telecommunications",
    "J62_63": "Computer services", "K": "Finance and insurance", "L": "Real estate",
    "M": "Professional services", "N": "Administrative services", "O": "Public administration",
    "P": "Education", "Q": "Health and social work", "R": "Arts and recreation",
    "S": "Other services", "T": "Households as employers",
}
EAEU = ["ARM", "BLR", "KAZ", "KGZ", "RUS"]
MERCOSUR = ["ARG", "BOL", "BRA", "PRY", "URY"]


def rows(path):
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "rt", encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


def write(name, header, records):
    text = io.StringIO(newline="")
    out = csv.writer(text, lineterminator="\n")
    out.writerow(header)
    out.writerows(records)
    data = text.getvalue().encode()
    if name.endswith(".gz"):
        data = gzip.compress(data, 9, mtime=0)
    (pathlib.Path(__file__).parent / name).write_bytes(data)
    print(f"{name}: {len(data):,} bytes")


def main(source):
    countries = list(rows(source / "countries.csv"))
    ids = {c["iso3"] for c in countries}
    pairs = list(rows(source / "pairs.csv"))
    eu27 = sorted({p["origin"] for p in pairs if p["both_eu27"] == "1"})
    groups = [
        ("EU27", "European Union (27 members)", eu27),
        ("EAEU", "Eurasian Economic Union (members among the 80)", [c for c in EAEU if c in ids]),
        ("MERCOSUR", "Mercosur (members among the 80)", [c for c in MERCOSUR if c in ids]),
    ]
    write(
        "places.csv",
        ["id", "kind", "parent", "name_en", "seat_city", "seat_lat", "seat_lon", "population",
         "area_km2", "members", "source"],
        [[c["iso3"], "country", "", c["name_en"], c["capital"], c["capital_lat"],
          c["capital_lon"], c["population_geonames"], c["area_km2"], "", "GEONAMES"]
         for c in countries]
        + [[g, "group", "", name, "", "", "", "", "", " ".join(m), "MEMBERSHIP"]
           for g, name, m in groups],
    )
    group = {letter: name for letters, name in GROUPS.items() for letter in letters}
    write("products.csv", ["id", "name_en", "goods", "group_en", "short_en"],
          [[s["code"], s["name_en"], s["goods"], group[s["code"][0]], SHORT[s["code"]]]
           for s in rows(source / "sectors.csv")])
    write("flows.csv.gz", ["origin", "destination", "product", "value"],
          [[r["origin"], r["destination"], r["sector"], r["value_musd"]]
           for r in rows(source / "icio2022_flows_by_sector.csv.gz")])
    write("inputs.csv.gz", ["place", "using_product", "supplying_product", "value"],
          [[r["country"], r["using_sector"], r["supplying_sector"], r["value_musd"]]
           for r in rows(source / "icio2022_io_by_country.csv.gz")])
    write("output.csv.gz", ["place", "product", "gross_output", "intermediate_inputs", "sales_other"],
          [[r["country"], r["sector"], r["gross_output_musd"], r["intermediate_inputs_musd"],
            r["sales_other_musd"]] for r in rows(source / "icio2022_output.csv")])
    write("pairs.csv.gz",
          ["origin", "destination", "distance", "contiguity", "shared_language", "same_currency",
           "both_eu27", "both_eaeu", "border"],
          [[p["origin"], p["destination"], p["dist_km"], p["contiguity"], p["shared_language_top3"],
            p["same_currency"], p["both_eu27"], p["both_eaeu"], p["international"]] for p in pairs])


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))
