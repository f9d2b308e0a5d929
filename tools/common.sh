# shellcheck shell=bash
# Shared by the shell tools: sourced, never run.
set -euo pipefail

kSourceDir=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
readonly kSourceDir
readonly kTorchVersion=2.11.0
# CMake looks in the same place (cmake/Dependencies.cmake).
readonly kCacheDir="${XDG_CACHE_HOME:-$HOME/.cache}/freeact"
readonly kTorchCache="$kCacheDir/torch-$kTorchVersion"
readonly kCutlassVersion=4.2.0.0  # cmake/Cuda.cmake too
readonly kCutlassCache="$kCacheDir/cutlass-$kCutlassVersion"
readonly kEnvironmentLacks=3

say() { printf '%s: %s\n' "$(basename "$0")" "$*" >&2; }

# The machine lacks something: one line that says what and what to do, and the exit code of the whole suite for it.
lacks() {
  say "$*"
  exit "$kEnvironmentLacks"
}

# The folder with include/ and lib/ that CMake shall use.
torch_folder() { printf '%s\n' "${FREEACT_TORCH:-$kTorchCache/torch}"; }

# Compilations at a time: one a processor, but none that would not have its 2 GB of memory (LibTorch headers are heavy).
# nproc would count OpenMP's threads where the environment limits them, as it may for the programs' sake.
build_jobs() {
  local available_gb jobs
  available_gb=$(awk '/^MemAvailable:/ {print int($2 / 1048576)}' /proc/meminfo)
  jobs=$(env -u OMP_NUM_THREADS -u OMP_THREAD_LIMIT nproc)
  if ((available_gb / 2 < jobs)); then jobs=$((available_gb / 2)); fi
  printf '%d\n' $((jobs > 0 ? jobs : 1))
}

# Our source files, tracked or new, relative to the source folder, each ended by a NUL.
list_sources() {
  local file
  git -C "$kSourceDir" ls-files -z --cached --others --exclude-standard -- '*.cpp' '*.h' '*.cu' '*.cuh' |
    while IFS= read -r -d '' file; do
      if [[ -f $kSourceDir/$file ]]; then printf '%s\0' "$file"; fi  # a file may be deleted, but not yet in the index
    done
}
