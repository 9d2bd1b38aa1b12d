#!/usr/bin/env bash
# Installs what the tests need from the system, where apt may do so; else says what is missing and which tests will not run.
set -u
java_ok() { command -v java >/dev/null && java -version 2>&1 | grep -qE 'version "(17|21)'; }
chromium_ok() { command -v chromium >/dev/null || command -v chromium-browser >/dev/null; }
shellcheck_ok() { command -v shellcheck >/dev/null; }
maven_ok() { command -v mvn >/dev/null; }

install() {
  local package=$1
  if command -v apt-get >/dev/null && [ "$(id -u)" = 0 ]; then
    echo "installing $package"
    [ -n "${updated:-}" ] || { apt-get update -qq >/dev/null 2>&1; updated=1; }
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$package" >/dev/null 2>&1
  fi
}

java_ok || install openjdk-17-jre-headless
chromium_ok || install chromium
shellcheck_ok || install shellcheck
maven_ok || install maven
java_ok || echo "missing: Java 17 (Debian package openjdk-17-jre-headless); tests marked 'spark' will be skipped (in CI: fail)" >&2
chromium_ok || echo "missing: Chromium (Debian package chromium); tests marked 'browser' will be skipped (in CI: fail)" >&2
shellcheck_ok || echo "missing: ShellCheck (Debian package shellcheck); scripts will not be checked (in CI: a failure)" >&2
maven_ok || echo "missing: Maven (Debian package maven); tests of Spark on S3 will be skipped (in CI: fail)" >&2
exit 0
