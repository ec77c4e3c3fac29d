#!/bin/sh
# Prints the menu of the day.
echo tea
echo soup
