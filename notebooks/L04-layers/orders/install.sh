#!/bin/sh
# Stands for a slow download: makes one file for each package that the list names.
mkdir -p packages
while read -r name; do
  echo "the package $name" > "packages/$name"
done < packages.txt
