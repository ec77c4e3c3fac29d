"""Print the price of each goods that is named: `python3 quote.py bread tea`. The variable MONEY names the coin."""

import os
import sys

PRICES = {"tea": 3, "bread": 2, "candles": 5, "milk": 1}

if len(sys.argv) == 1:
    sys.exit("say which goods you want: " + ", ".join(PRICES))
for goods in sys.argv[1:]:
    if goods not in PRICES:
        sys.exit(f"no price for {goods}")
    print(f"{goods}: {PRICES[goods]} {os.environ.get('MONEY', 'coins')}")
