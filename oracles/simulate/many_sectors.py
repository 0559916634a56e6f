"""Equilibria of a small world of many sectors in 40-digit decimal arithmetic.

A second road to the numbers of the many-sector kernel: no Newton, no derivatives, no logarithms of
prices. Needs only the Python standard library:

    python3 many_sectors.py > many_sectors.json        (ten seconds)

The data are made by formula, written into the output and read from there by the test. Iterates
prices, spending and damped wages together until trade balances to 1e-25 of value added.
"""

import json
from decimal import Decimal as D
from decimal import getcontext

getcontext().prec = 40
STOP = D("1e-25")
N, J = 4, 3
P, S = range(N), range(J)
SIZE = [D(3), D(1), D(2), D("1.5")]
# Value added, then the three inputs, of each sector; places differ by a small shift.
RECIPE = [["0.5", "0.2", "0.2", "0.1"], ["0.4", "0.1", "0.3", "0.2"], ["0.7", "0", "0.1", "0.2"]]
THETA = [D(4), D("8.5"), D(2)]


def data():
    trade = [[[SIZE[i] * (40 + 10 * j) if i == d else SIZE[i] + (7 * i + 5 * d + 3 * j) % 8
               for d in P] for i in P] for j in S]
    tariff = [[[D(0) if i == d else D("0.05") * ((i + 2 * d + j) % 3)
                for d in P] for i in P] for j in S]
    shift = [D("0.01") * p for p in P]
    gamma = [[D(RECIPE[j][0]) + shift[p] for j in S] for p in P]
    inputs = [[[D(RECIPE[j][k + 1]) - (shift[p] if k == 2 else 0) for j in S]
               for k in S] for p in P]
    return trade, tariff, gamma, inputs


def solve(base, shock, closure):
    """From a world in equilibrium or near it to the new one: wages, prices, income, flows."""
    trade, tariff, gamma, inputs, alpha, earned, deficit = base
    cost, new_tariff, productivity = shock
    spent = [[sum((1 + tariff[j][i][n]) * trade[j][i][n] for i in P) for n in P] for j in S]
    share = [[[(1 + tariff[j][i][n]) * trade[j][i][n] / spent[j][n] for i in P] for n in P]
             for j in S]
    wage, price, spending = [D(1)] * N, [[D(1)] * N for _ in S], [row[:] for row in spent]
    world = sum(earned)
    while True:
        last = price
        unit = [[wage[n] ** gamma[n][j] / productivity[n][j] for n in P] for j in S]
        for n in P:
            for j in S:
                for k in S:
                    unit[j][n] *= last[k][n] ** inputs[n][k][j]
        weight = [[[D(0) if cost[j][i][n] is None else share[j][n][i] * (
            (1 + new_tariff[j][i][n]) / (1 + tariff[j][i][n]) * cost[j][i][n] * unit[j][i]
        ) ** -THETA[j] for i in P] for n in P] for j in S]
        total = [[sum(weight[j][n]) for n in P] for j in S]
        price = [[total[j][n] ** (-1 / THETA[j]) for n in P] for j in S]
        flow = [[[weight[j][n][i] / total[j][n] * spending[j][n] / (1 + new_tariff[j][i][n])
                  for n in P] for i in P] for j in S]
        now = [wage[n] * earned[n] for n in P]
        if closure == "multiplicative":
            k = [1 + deficit[n] / earned[n] for n in P]
            s = sum(now) / sum(k[n] * now[n] for n in P)
            new_deficit = [(s * k[n] - 1) * now[n] for n in P]
        else:
            new_deficit = deficit
        revenue = [sum(new_tariff[j][i][n] * flow[j][i][n] for j in S for i in P) for n in P]
        income = [now[n] + revenue[n] + new_deficit[n] for n in P]
        output = [[sum(flow[j][i]) for i in P] for j in S]
        before = spending
        spending = [[sum(inputs[n][j][k] * output[k][n] for k in S) + alpha[j][n] * income[n]
                     for n in P] for j in S]
        gap = [(sum(sum(flow[j][n]) for j in S) + new_deficit[n]
                - sum(flow[j][i][n] for j in S for i in P)) / earned[n] for n in P]
        moved = max(abs(a / b - 1) for j in S for a, b in
                    list(zip(price[j], last[j])) + list(zip(spending[j], before[j])))
        if max(map(abs, gap)) < STOP and moved < STOP:
            return wage, price, income, now, new_deficit, flow
        wage = [wage[n] * (1 + D("0.05") * gap[n]) for n in P]
        scale = world / sum(wage[n] * earned[n] for n in P)
        wage = [w * scale for w in wage]


def main():
    trade, tariff, gamma, inputs = data()
    every = lambda value: [[[value] * N for _ in P] for _ in S]
    earned = [sum(gamma[n][j] * sum(trade[j][n]) for j in S) for n in P]
    deficit = [sum(trade[j][i][n] - trade[j][n][i] for j in S for i in P) for n in P]
    final = [[sum((1 + tariff[j][i][n]) * trade[j][i][n] for i in P)
              - sum(inputs[n][j][k] * sum(trade[k][n]) for k in S) for n in P] for j in S]
    assert min(min(row) for row in final) > 0
    alpha = [[final[j][n] / sum(final[k][n] for k in S) for n in P] for j in S]
    one = [[D(1)] * J for _ in P]

    cost, new, better = every(D(1)), [[row[:] for row in t] for t in tariff], [r[:] for r in one]
    cost[0][1][2] = D("1.25")
    cost[1][2][0] = None  # closed
    new[1][0][3] = D("0.5")
    new[2][3][1] = D(0)
    better[2][0] = D("1.125")

    cases = {}
    for closure in ["additive", "multiplicative", "removed_first"]:
        flows, earning, borrowed = trade, earned, deficit
        if closure == "removed_first":
            borrowed = [D(0)] * N
            base = flows, tariff, gamma, inputs, alpha, earning, borrowed
            earning, flows = solve(base, (every(D(1)), tariff, one), closure)[3::2]
        base = flows, tariff, gamma, inputs, alpha, earning, borrowed
        wage, price, income, _, _, after = solve(base, (cost, new, better), closure)
        before = [earning[n] + borrowed[n] + sum(tariff[j][i][n] * flows[j][i][n]
                                                 for j in S for i in P) for n in P]
        index = [D(1)] * N
        for n in P:
            for j in S:
                index[n] *= price[j][n] ** alpha[j][n]
        short = lambda values: [float(f"{v:.16e}") for v in values]
        cases[closure] = {
            "wage_hat": short(wage),
            "price_index_hat": short(index),
            "welfare_exact_hat": short(income[n] / before[n] / index[n] for n in P),
            "sector_price_hat": short(price[j][n] for n in P for j in S),
            "trade": short(after[j][i][d] for j in S for i in P for d in P),
        }
    number = lambda values: [float(v) for v in values]
    result = {
        "places": N,
        "sectors": J,
        "trade": number(trade[j][i][d] for j in S for i in P for d in P),
        "tariffs": number(tariff[j][i][d] for j in S for i in P for d in P),
        "value_added_shares": number(gamma[n][j] for n in P for j in S),
        "input_shares": number(inputs[n][k][j] for n in P for k in S for j in S),
        "elasticities": number(THETA),
        "cases": cases,
    }
    print(json.dumps(result, indent=0))


main()
