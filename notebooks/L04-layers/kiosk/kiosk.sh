#!/bin/sh
# Prints the prices of the kiosk.
cat prices.txt
