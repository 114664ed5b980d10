#!/bin/sh
# What curl alone can do.          sh examples/digits.sh [URL]
set -eu
url=${1:-http://localhost:8000}

curl -sf "$url/generate?seed=7&scale=8" -o digit.png                                    # one digit
curl -sf "$url/grid?label=each&seed=7&scale=2&paper=white" -o hands.png                  # ten hands, all ten digits of each
curl -sf "$url/write/2026-11-25?seed=8&height=96&paper=white" -o date.png                # a date in one hand
curl -sf "$url/walk?from=1&to=2&label=3..8&format=apng&scale=4" -o three-to-eight.png    # a three turns into an eight
curl -sf "$url/dataset?n=700" -o digits.zip                                              # a labelled data set, as MNIST lies in its files

tag=$(curl -sfI -X GET "$url/generate?seed=7" | tr -d '\r' | sed -n 's/^etag: //p')
curl -s -o /dev/null -w "asked for again: %{http_code}\n" -H "If-None-Match: $tag" "$url/generate?seed=7"
ls -l digit.png hands.png date.png three-to-eight.png digits.zip
