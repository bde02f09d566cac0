# What the scripts of eng/ share. Sourced, never run: it moves to the repository root and defines functions.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

export HOME="${HOME:-/tmp}" DOTNET_NOLOGO=1 DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_CLI_USE_MSBUILD_SERVER=0 MSBUILDDISABLENODEREUSE=1

# The same for every build: the compiler server saves time, reused MSBuild nodes would outlive the script.
msbuild=(-graph -maxCpuCount:2 -nodeReuse:false -verbosity:quiet -nologo -consoleLoggerParameters:NoSummary -p:UseSharedCompilation=true)

say() { printf '%s\n' "$*" >&2; }
fail() { printf '%s\n' "$*" >&2; exit 1; }

# tool NAME: the path of a pinned tool, which is installed when it is missing.
tool() {
  eng/setup --only "$1" >&2
  eng/setup --path "$1"
}

# Every process started here carries this mark in its environment; a script within a script adds its own.
run_mark="${MESH_RUN_MARK:-}/$$-$RANDOM$RANDOM"
run_state=$(mktemp -d)
touch "$run_state/sessions"

# bounded SECONDS COMMAND...: runs the command in a session of its own, without input and with a time limit. Whatever
# it leaves running is killed. The exit code is the command's, or 124 when the time was up.
bounded() {
  local seconds=$1 session code=0
  shift
  MESH_RUN_MARK=$run_mark setsid timeout --kill-after=10 "$seconds" "$@" </dev/null &
  session=$!
  echo "$session" >>"$run_state/sessions"
  wait "$session" || code=$?
  kill_leftovers "$session"
  return "$code"
}

# The processes of these sessions. Servers that left their session are found by the mark in their environment.
members_of() {
  local session
  for session in "$@"; do
    sed -nE "s/^([0-9]+) .*\) [A-Za-z] -?[0-9]+ -?[0-9]+ $session .*/\1/p" /proc/[0-9]*/stat 2>/dev/null || true
  done
}

marked() {
  grep -lz "^MESH_RUN_MARK=$run_mark" /proc/[0-9]*/environ 2>/dev/null | cut -d/ -f3 || true
}

kill_all() {
  local signal
  [ $# -gt 0 ] || return 0
  for signal in TERM KILL; do
    kill -"$signal" "$@" 2>/dev/null || return 0
    for _ in {1..25}; do
      kill -0 "$@" 2>/dev/null || return 0
      sleep 0.2
    done
  done
}

kill_leftovers() {
  local pids
  mapfile -t pids < <(members_of "$@")
  kill_all "${pids[@]}"
}

finish() {
  local code=$? pids sessions
  trap - EXIT INT TERM HUP
  mapfile -t sessions <"$run_state/sessions"
  mapfile -t pids < <(members_of "${sessions[@]}"; marked)
  kill_all "${pids[@]}"
  rm -rf "$run_state"
  exit "$code"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP
