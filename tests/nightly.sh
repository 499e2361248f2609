#!/usr/bin/env bash
# What takes longer than the suites: every recorded vector and every recorded guest through the command line, with caches that never forget, the whole
# survey, the scenarios, ten thousand seeds of each sound experiment, a thousand kills, PostgreSQL, and the benchmarks. About three quarters of an hour
# on two cores. Exit code 0 when all held.
set -uo pipefail
cd "$(dirname "$0")/.."
dotnet build Emulator.sln -c Release -v q || exit 1
emulator() { dotnet run -c Release --no-build --project hosts/Emulator.Cli -- "$@"; }
broken=""

echo "== vectors, default and unbounded IOTLB"
find tests/data/vectors -name '*.jsonl.gz' -print0 | sort -z | xargs -0 dotnet run -c Release --no-build --project hosts/Emulator.Cli -- verify || broken="$broken verify"
find tests/data/vectors/qemu -name '*.jsonl.gz' -print0 | sort -z | xargs -0 dotnet run -c Release --no-build --project hosts/Emulator.Cli -- verify --iotlb unbounded || broken="$broken verify-unbounded"

echo "== recorded guests"
for trace in tests/data/traces/*.trace.gz; do
    name=${trace%.trace.gz}
    for kind in vtd:intel smmu:arm-smmu-v3; do
        log=$name.${kind%%:*}.gz
        [ -f "$log" ] || continue
        emulator replay "$trace" --iommu "${kind##*:}" --dma "$log" || broken="$broken $(basename "$name")"
    done
done

echo "== survey"
emulator survey || broken="$broken survey"

echo "== scenarios"
for scenario in scenarios/*.yaml; do
    emulator run "$scenario" || broken="$broken $(basename "$scenario")"
done

echo "== ten thousand seeds of each sound experiment, a hundred of each legacy detach"
for experiment in scenarios/explore/sound-*.yaml; do
    emulator explore "$experiment" --seeds 10000 || broken="$broken $(basename "$experiment")"
done
for experiment in scenarios/explore/legacy-*.yaml; do
    emulator explore "$experiment" >/dev/null && broken="$broken $(basename "$experiment")-finds-nothing"
done

echo "== a thousand kills of the ownership coordinator"
dotnet tests/Emulator.Kill/bin/Release/net10.0/Emulator.Kill.dll --kills 1000 --seed "$(date +%s)" || broken="$broken kills"

echo "== the coordinator's journal on PostgreSQL"
tests/postgres-journal.sh || broken="$broken postgres-journal"

echo "== benchmarks"
dotnet run -c Release --no-build --project tests/Benchmarks || broken="$broken benchmarks"

[ -z "$broken" ] && echo "all held" || echo "failed:$broken"
[ -z "$broken" ]
