"""Write panel.csv: an invented panel of trade for the guides. No row of it is an observation.

    python3 make_panel.py

Fifteen places, every third year from 2000 to 2021, both directions and domestic sales. An agreement
raises trade by exp(0.30) at once and by exp(0.20) more three years later. Made to hold what real
panels hold: zeros, a pair that never trades, a place that exports nothing in one year, a pair seen
once, an embargo, a missing distance. `signs` is 1 for pairs that ever sign, `years_since` the years
since then, cut at nine on both sides and 0 for other pairs. The same file comes out on every machine.
"""

import csv
import math
import pathlib
import random

r = random.Random(12)
places = [f"P{i:02d}" for i in range(1, 16)]
years = list(range(2000, 2022, 3))
at = {p: (r.uniform(0, 4000), r.uniform(0, 4000)) for p in places}
size = {p: r.gauss(0, 1) for p in places}

distance, signed, affinity = {}, {}, {}
for i, a in enumerate(places):
    distance[a, a] = 150
    affinity[a, a] = 0.0
    for b in places[:i]:
        km = math.hypot(at[a][0] - at[b][0], at[a][1] - at[b][1])
        when = r.choice(years[1:]) if r.random() < 0.55 * math.exp(-km / 4000) else None
        for pair in ((a, b), (b, a)):
            distance[pair], signed[pair] = round(km), when
            affinity[pair] = r.gauss(0, 0.3)

embargoed = ("P03", "P11")
rows = []
for a in places:
    for b in places:
        for year in years:
            member = lambda y: int(signed.get((a, b)) is not None and y >= signed[a, b])
            border = int(a != b)
            eta = (6 + size[a] + size[b] - 0.8 * math.log(distance[a, b] / 1000) + affinity[a, b]
                   - 1.5 * border + 0.02 * (year - 2000) * (1 + 0.5 * border)
                   + 0.30 * member(year) + 0.20 * member(year - 3))
            value = math.exp(eta + r.gauss(0, 0.12) - 0.0072)
            value = 0.0 if r.random() < 0.4 / (1 + math.exp(eta) / 20) else round(value, 2)
            embargo = int((a, b) in (embargoed, embargoed[::-1]) and year >= 2015)
            if embargo or (a, b) == ("P05", "P14") or (a, year) == ("P09", 2000) and border:
                value = 0.0
            if (a, b) == ("P02", "P15") and year != 2012:
                continue
            km = "" if (a, b, year) == ("P04", "P06", 2003) else distance[a, b]
            signs = int(signed.get((a, b)) is not None)
            since = max(-9, min(9, year - signed[a, b])) if signs else 0
            rows.append([a, b, "-".join(sorted((a, b))), year, value, km, border, member(year),
                         member(year - 3), member(year + 3), embargo, signs, since])

with open(pathlib.Path(__file__).parent / "panel.csv", "w", newline="") as file:
    out = csv.writer(file, lineterminator="\n")
    out.writerow(["origin", "destination", "pair", "year", "value", "distance", "border",
                  "agreement", "agreement_lag3", "agreement_lead3", "embargo", "signs",
                  "years_since"])
    out.writerows(rows)
