"""Equilibria of a one-sector world in 50-digit decimal arithmetic.

A second road to the numbers of `emporion simulate`: no Newton, no derivatives, no logarithms of
wages, market clearing in the textbook form with own trade. Fifty digits make its loss of digits near
autarky harmless. Needs only the Python standard library:

    python3 exact.py > expected.json        (a quarter of a minute)

Iterates  w_i <- w_i ( sum_j T_ij / Y'_i )^(1 / (1 + theta + psi)), or without deficits
w_i <- w_i ( exports_i / imports_i )^(1 / (1 + 2 theta)),  then world income to its baseline, until every
market clears to 1e-30 of its foreign trade.
"""

import csv
import json
from decimal import Decimal, getcontext
from pathlib import Path

getcontext().prec = 50
STOP = Decimal("1e-30")


def read(path):
    rows = list(csv.DictReader(open(path, encoding="utf-8")))
    places = sorted({row["exporter"] for row in rows})
    at = {place: k for k, place in enumerate(places)}
    flows = [[Decimal(0)] * len(places) for _ in places]
    for row in rows:
        flows[at[row["exporter"]]][at[row["importer"]]] = Decimal(row["trade"])
    return places, flows


def equilibrium(flows, phi, theta, psi, closure, supply=None):
    """Price hats at the factory and of consumption, totals and trade; phi[i][j] is phi_hat and
    supply[i] is c_hat."""
    n = len(flows)
    every = range(n)
    theta, psi = Decimal(str(theta)), Decimal(str(psi))
    income = [sum(flows[i]) for i in every]
    spending = [sum(flows[i][j] for i in every) for j in every]
    world = sum(income)
    shocked = [[flows[i][j] * phi[i][j] for j in every] for i in every]
    supply = supply or [Decimal(1)] * n
    wage = [Decimal(1)] * n
    while True:
        cost = [w ** -theta for w in wage]
        weight = [sum(shocked[i][j] * cost[i] for i in every) for j in every]
        price = [(weight[j] / spending[j]) ** (-1 / theta) for j in every]
        new_income = [
            income[i] * supply[i] * wage[i] * (wage[i] / price[i]) ** psi for i in every
        ]
        if closure == "additive":
            new_spending = [new_income[j] + spending[j] - income[j] for j in every]
        elif closure == "multiplicative":
            wished = [new_income[j] * spending[j] / income[j] for j in every]
            s = sum(new_income) / sum(wished)
            new_spending = [s * v for v in wished]
        else:  # no deficits
            new_spending = new_income
        per_weight = [new_spending[j] / weight[j] for j in every]
        sales = [cost[i] * sum(shocked[i][j] * per_weight[j] for j in every) for i in every]
        own = [cost[i] * shocked[i][i] * per_weight[i] for i in every]
        gap = max(
            abs(sales[i] - new_income[i]) / (sales[i] + new_spending[i] - 2 * own[i]) for i in every
        )
        gap = max(gap, abs(sum(new_income) / world - 1))
        if gap < STOP:
            trade = [[shocked[i][j] * cost[i] * per_weight[j] for j in every] for i in every]
            return wage, price, new_income, new_spending, trade
        if closure == "removed_first":
            # Behind high walls own trade hides what is left of foreign trade: balance that alone.
            power = 1 / (1 + 2 * theta)
            paid = [new_spending[j] - own[j] for j in every]
            wage = [wage[i] * ((sales[i] - own[i]) / paid[i]) ** power for i in every]
        else:
            power = 1 / (1 + theta + psi)
            wage = [wage[i] * (sales[i] / new_income[i]) ** power for i in every]
        # Income is of degree one in all wages together, with any psi.
        scale = world / sum(new_income)
        wage = [w * scale for w in wage]


def cases(places):
    at = {place: k for k, place in enumerate(places)}
    n = len(places)
    one = [[Decimal(1)] * n for _ in places]

    def with_pairs(pairs, value):
        phi = [row[:] for row in one]
        for i, j in pairs:
            phi[at[i]][at[j]] = value
        return phi

    signed = [("CAN", "JPN"), ("JPN", "CAN")]
    agreement = with_pairs(signed, Decimal("0.4711383").exp())
    closed = with_pairs([("CHN", "USA")], Decimal(0))
    foreign = [(i, j) for i in places for j in places if i != j]
    walls = with_pairs(foreign, Decimal(-3).exp())
    high_walls = with_pairs(foreign, Decimal(-6).exp())
    nobody = {}
    # A_hat and L_hat of the places named.
    better = {"CHN": ("1.1", "1"), "DEU": ("0.95", "1.02")}
    yield "agreement_additive", agreement, 4, 0, "additive", nobody
    yield "agreement_multiplicative", agreement, 4, 0, "multiplicative", nobody
    yield "agreement_supply_response", agreement, 6, 1.5, "additive", nobody
    yield "closed_market", closed, 4, 0, "additive", nobody
    yield "walls_without_deficits", walls, 4, 0, "removed_first", nobody
    yield "high_walls_without_deficits", high_walls, 4, 0, "removed_first", nobody
    yield "productivity", one, 4, 0, "additive", better
    yield "productivity_and_agreement", agreement, 6, 1.5, "multiplicative", better


def main():
    places, flows = read(Path(__file__).with_name("flows.csv"))
    n = len(places)
    every = range(n)
    short = lambda values: [float(f"{v:.16e}") for v in values]
    result = {"places": places, "cases": {}}
    for name, phi, theta, psi, closure, changed in cases(places):
        base = flows
        if closure == "removed_first":
            nothing = [[Decimal(1)] * n for _ in places]
            base = equilibrium(flows, nothing, theta, psi, closure)[4]
        hat = lambda place, which: Decimal(changed.get(place, ("1", "1"))[which])
        productivity = [hat(place, 0) for place in places]
        supply = [hat(place, 0) * hat(place, 1) for place in places]
        price_at_gate, price, income, spending, trade = equilibrium(
            base, phi, theta, psi, closure, supply
        )
        abroad = lambda m, i: sum(m[i][j] for j in every if j != i)
        before = [sum(base[i]) for i in every]
        bought = [sum(base[i][j] for i in every) for j in every]
        psi_ = Decimal(str(psi))
        real = [price_at_gate[j] / price[j] for j in every]
        result["cases"][name] = {
            "elasticity": theta,
            "supply_elasticity": psi,
            "imbalances": closure,
            "supply": [[p, float(a), float(l)] for p, (a, l) in changed.items()],
            "wage_hat": short(productivity[i] * price_at_gate[i] for i in every),
            "price_index_hat": short(price),
            "welfare_hat": short(
                spending[j] / bought[j] / (income[j] / before[j])
                * productivity[j] * real[j] ** (1 + psi_)
                for j in every
            ),
            "exports_hat": short(abroad(trade, i) / abroad(base, i) for i in every),
        }
    print(json.dumps(result, indent=0))


main()
