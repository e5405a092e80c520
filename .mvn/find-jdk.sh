# Sourced by mvnw: points JAVA_HOME at a JDK that can build mill, or stops with one line that says what to install.
#
# A JDK fits when its `release` file says version 25 or newer and it has a compiler. JAVA_HOME comes first, then the
# javac on the PATH, then the usual install folders; among those the oldest that fits wins, because the build's tools
# know it best. mvnw runs with `set -euf`: no globbing (switched on only where folders are listed), no unset variables.

mill_jdk_minimum=25

# Prints the major version of the JDK in folder $1, or fails when it is no JDK that fits.
mill_jdk_major() {
  [ -f "$1/release" ] || return 1
  [ -x "$1/bin/javac" ] || [ -x "$1/bin/javac.exe" ] || return 1
  mill_major=$(sed -n 's/^JAVA_VERSION="\{0,1\}\([0-9][0-9]*\).*/\1/p' "$1/release" | head -n 1)
  [ -n "$mill_major" ] && [ "$mill_major" -ge "$mill_jdk_minimum" ] || return 1
  printf '%s\n' "$mill_major"
}

# Prints the folder that the javac on the PATH belongs to, links followed.
mill_jdk_on_path() {
  mill_javac=$(command -v javac 2>/dev/null) || return 1
  while [ -L "$mill_javac" ]; do
    mill_link=$(readlink "$mill_javac") || return 1
    case $mill_link in
      /*) mill_javac=$mill_link ;;
      *) mill_javac=$(dirname "$mill_javac")/$mill_link ;;
    esac
  done
  (cd "$(dirname "$mill_javac")/.." 2>/dev/null && pwd)
}

# Prints the oldest JDK that fits among the usual install folders of Linux, macOS, FreeBSD and Windows shells.
mill_jdk_installed() {
  mill_best=''
  mill_best_major=''
  set +f
  for mill_home in \
    /usr/lib/jvm/* /usr/lib64/jvm/* /usr/java/* /usr/local/java/* /opt/java/* /opt/jdk* /opt/*jdk* \
    /usr/local/openjdk* /usr/local/*jdk* \
    /Library/Java/JavaVirtualMachines/*/Contents/Home "${HOME-}"/Library/Java/JavaVirtualMachines/*/Contents/Home \
    /opt/homebrew/opt/openjdk*/libexec/openjdk.jdk/Contents/Home \
    /usr/local/opt/openjdk*/libexec/openjdk.jdk/Contents/Home \
    "${HOME-}"/.sdkman/candidates/java/* "${HOME-}"/.jdks/* "${HOME-}"/.jdks/*/Contents/Home \
    "${HOME-}"/.asdf/installs/java/* "${HOME-}"/.local/share/mise/installs/java/* "${HOME-}"/.jabba/jdk/* \
    "/c/Program Files/Java"/* "/c/Program Files/Eclipse Adoptium"/* "/c/Program Files/Microsoft"/jdk-* \
    "/c/Program Files/Zulu"/* "/c/Program Files/Amazon Corretto"/*; do
    mill_major=$(mill_jdk_major "$mill_home") || continue
    if [ -z "$mill_best" ] || [ "$mill_major" -lt "$mill_best_major" ]; then
      mill_best=$mill_home
      mill_best_major=$mill_major
    fi
  done
  set -f
  [ -n "$mill_best" ] && printf '%s\n' "$mill_best"
}

if ! mill_jdk_major "${JAVA_HOME-}" >/dev/null; then
  if mill_found=$(mill_jdk_on_path) && mill_jdk_major "$mill_found" >/dev/null; then
    JAVA_HOME=$mill_found
  elif mill_found=$(mill_jdk_installed); then
    JAVA_HOME=$mill_found
  else
    echo "mill needs a JDK $mill_jdk_minimum or newer and found none: install one (for example Eclipse Temurin $mill_jdk_minimum), or set JAVA_HOME to its folder." >&2
    exit 2
  fi
fi
export JAVA_HOME
