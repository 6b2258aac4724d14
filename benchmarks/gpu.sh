#!/usr/bin/env bash
# Everything there is to measure on one CUDA device, in some ten minutes and without a network:
#
#     benchmarks/gpu.sh [OUT]
#
# Data, GPU tests, what the device does at most, equal bits from two processes, seconds per step of
# each model beside a plain loop, then training, of the autoencoder first, all at the scale `paper`;
# SCALE=gpu takes another. A part that fails, or takes too long, leaves its log in OUT and stops no
# other, but GANs of clips are not trained without the autoencoder. Set DEVICE=cpu
# SCALE=smoke SECONDS_OF_TRAINING=2 to try the script out, and PYTHON to choose an interpreter.
set -uo pipefail
cd "$(dirname "$0")/.."

out="$(mkdir -p "${1:-gpu-results}" && cd "${1:-gpu-results}" && pwd)"
python="${PYTHON:-python3}" device="${DEVICE:-cuda}" scale="${SCALE:-paper}"
training="${SECONDS_OF_TRAINING:-60}"
data="$(mktemp -d)"
trap 'rm -rf "$data"' EXIT
export PYTHONPATH="$PWD/src:$PWD${PYTHONPATH:+:$PYTHONPATH}" PYTHONUNBUFFERED=1

part() { # part NAME COMMAND...: its output in a log, its time and how it ended on a line
  local name="$1" begun=$SECONDS ended
  shift
  timeout --kill-after=5 300 "$@" >"$out/$name.log" 2>&1
  ended=$?
  echo "$name: exit $ended, $((SECONDS - begun)) s"
  [ $ended = 0 ] || { tail -n 3 "$out/$name.log"; return 1; }
}
gpu() { # gpu NAME PART ARGUMENTS...
  part "$1" "$python" -m benchmarks.gpu "${@:2}" --scale "$scale" --device "$device"
}

# Without the settings of all tests, which ask for packages that these do without.
part tests "$python" -m pytest -q -m gpu -W default -p no:cacheprovider --noconftest \
  -o addopts=--import-mode=importlib tests/integration/test_cuda.py &
part data "$python" -m benchmarks.gpu data "$data/made" --scale "$scale" || exit 1
wait
data="$data/made"
part ceilings "$python" -m benchmarks.gpu ceilings "$out" --device "$device" \
  --side "$([ "$device" = cpu ] && echo 512 || echo 8192)"

for model in pix2pix gan3d vgan convlstm_gan mocogan dcgan; do
  for number in 1 2; do
    gpu "digest-$model-$number" digest "$out" "$model" --run "$number" --data "$data" &
  done
done
wait

# Timings: nothing else runs. The plain loop and ours have processes, and settings, of their own.
for model in pix2pix gan3d convlstm_gan vgan mocogan dcgan; do
  gpu "step-$model-plain" step "$out" "$model" plain --data "$data"
  gpu "step-$model-ours" step "$out" "$model" bf16 bf16_free --data "$data"
done
gpu step-pix2pix-1-plain step "$out" pix2pix plain --batch 1 --data "$data"
gpu step-pix2pix-1-ours step "$out" pix2pix bf16 fp32 --batch 1 --data "$data"

gpu autoencoder autoencoder "$out" --data "$data"
for model in pix2pix gan3d convlstm_gan mocogan; do
  gpu "train-$model" train "$out" "$model" --seconds "$training" --data "$data" &
done
wait

"$python" -m benchmarks.gpu tables "$out" | tee "$out/tables.md"
