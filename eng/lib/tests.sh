# Checks and test projects, counted. Sourced after common.sh by eng/check and eng/test; `summary` ends both.
results=artifacts/test-results
summary_file=$results/summary.txt
project_limit=${MESH_TEST_LIMIT:-1800} # seconds for each test project
rm -rf "$results"
mkdir -p "$results"

# record NAME PASSED FAILED SKIPPED SECONDS: keeps the counts of one step and prints them.
record() {
  local line="$1: $2 passed, $3 failed"
  [ "$4" = 0 ] || line+=", $4 skipped"
  printf '%s %s %s\n' "$2" "$3" "$4" >"$results/$1/counts"
  printf '%s (%d s)\n' "$line" "$5"
}

# check NAME COMMAND...: a step that is not a test project; it counts as one test.
check() {
  local name=$1 start=$SECONDS
  shift
  mkdir -p "$results/$name"
  if bounded "$project_limit" "$@" >"$results/$name/log" 2>&1; then
    record "$name" 1 0 0 $((SECONDS - start))
  else
    record "$name" 0 1 0 $((SECONDS - start))
    return 1
  fi
}

# need NAME COMMAND...: a check without which nothing else makes sense.
need() { check "$@" || summary; }

# test_project NAME FILTER: runs the built tests of one project.
test_project() {
  local name=$1 filter=$2 start=$SECONDS code=0 total=0 executed=0 passed=0
  local folder=$results/$1 arguments=()
  mkdir -p "$folder"
  [ -z "$filter" ] || arguments+=(--filter "$filter")
  bounded "$project_limit" dotnet test "artifacts/bin/$name/release/$name.dll" "${arguments[@]}" \
    --logger 'trx;LogFileName=results.trx' --logger 'console;verbosity=minimal' --results-directory "$folder" \
    --blame-hang-timeout 12m --blame-hang-dump-type none >"$folder/log" 2>&1 || code=$?
  [ "$code" != 124 ] || echo "Stopped: it ran for longer than $project_limit s." >>"$folder/log"
  read -r total executed passed < <(sed -nE 's/.*<Counters total="([0-9]+)" executed="([0-9]+)" passed="([0-9]+)".*/\1 \2 \3/p' "$folder/results.trx" 2>/dev/null) || true
  local failed=$((executed - passed))
  # A crash or a time-out can leave no failed test behind; it is a failure all the same.
  if [ "$code" != 0 ] && [ "$failed" = 0 ]; then failed=1; fi
  record "$name" "${passed:-0}" "$failed" $((total - executed)) $((SECONDS - start))
}

# test_projects FILTER: all test projects, two at a time, and at last the whole stack, which takes both cores by itself.
test_projects() {
  local project
  for project in tests/*/*.csproj; do
    case $project in */Mesh.Testing.csproj | */Mesh.Benchmarks.csproj | */Mesh.EndToEnd.csproj) continue ;; esac
    while [ "$(jobs -rp | wc -l)" -ge 2 ]; do wait -n || true; done
    test_project "$(basename "$project" .csproj)" "$1" &
  done
  wait
  test_project Mesh.EndToEnd "$1"
}

# typescript_tests: the tests of clients/typescript, counted from the report of Node's test runner.
typescript_tests() {
  local name=typescript start=$SECONDS code=0 passed failed skipped
  local log=$results/typescript/log
  mkdir -p "$results/$name"
  bounded "$project_limit" eng/lib/test-typescript >"$log" 2>&1 || code=$?
  passed=$(node_count pass "$log") failed=$(node_count fail "$log") skipped=$(node_count skipped "$log")
  if [ "$code" != 0 ] && [ "$failed" = 0 ]; then failed=1; fi
  record "$name" "$passed" "$failed" "$skipped" $((SECONDS - start))
}

# node_count WHAT LOG: the sum of the runner's lines such as `# pass 12`.
node_count() {
  sed -nE "s/^[^ ]+ $1 ([0-9]+)$/\\1/p" "$2" | awk '{ n += $1 } END { print n + 0 }'
}

# summary: the output of what failed, then the counts of everything as the last line, then the exit.
summary() {
  local file passed=0 failed=0 skipped=0 p f s line
  for file in "$results"/*/counts; do
    read -r p f s <"$file"
    passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
    [ "$f" != 0 ] || continue
    printf '\n---- %s ----\n' "$(basename "$(dirname "$file")")"
    tail -n 400 "$(dirname "$file")/log"
  done
  line="$passed passed, $failed failed"
  [ "$skipped" = 0 ] || line+=", $skipped skipped"
  printf '\n%s\n' "$line" | tee "$summary_file"
  [ "$failed" = 0 ] || exit 1
  exit 0
}
