#!/usr/bin/env bash
# Makes a fresh machine a Spark node: the lease first, then Python, Java, Spark and its S3 file system, each file checked
# against artefacts.sha256. The instance's user data has checked that list, and this file, before it starts
#   boot.sh s3://BUCKET/PREFIX
# in the folder that holds both. POTHOLE_ROOT puts everything below another root (for images and tests).
set -euo pipefail

ROOT=${POTHOLE_ROOT:-}
SPARK_HOME=$ROOT/opt/spark
# The oldest Python that the stages run on: pyproject.toml's requires-python.
PYTHON_NEEDED=3.11

fail() {
    echo "pothole-boot: $*" >&2
    exit 1
}

# Bring a listed file from S3 into this folder; ends the boot unless it is exactly the listed one.
fetch() {
    local name=$1 line
    line=$(grep -E "^[0-9a-f]{64}  ${name//./\\.}\$" artefacts.sha256) || fail "$name is not in artefacts.sha256"
    [ -e "$name" ] || aws s3 cp --only-show-errors "$SOURCE/$name" "$name"
    if ! sha256sum --status -c - <<<"$line"; then
        rm -f "$name"
        fail "$name is not the pinned one: its SHA-256 is not that of artefacts.sha256"
    fi
}

# Names in the list that match a pattern.
listed() {
    cut -c67- artefacts.sha256 | grep -E "$1" || true
}

install_lease() {
    local unit
    for unit in pothole-lease.sh pothole-lease.service pothole-lease.timer pothole-lease.conf; do fetch "$unit"; done
    install -D -m 0755 pothole-lease.sh "$ROOT/usr/local/sbin/pothole-lease.sh"
    install -D -m 0644 -t "$ROOT/etc/systemd/system" pothole-lease.service pothole-lease.timer
    install -D -m 0644 pothole-lease.conf "$ROOT/etc/tmpfiles.d/pothole.conf"
    if command -v systemd-tmpfiles >/dev/null; then systemd-tmpfiles --root="$ROOT/" --create pothole.conf; fi
    systemctl --root="$ROOT/" enable pothole-lease.timer
    if [ -z "$ROOT" ]; then
        systemctl daemon-reload
        systemctl start pothole-lease.timer
        shutdown -c # the user data's own deadline: from here on the lease watches
    fi
}

# The full path of a Python, if it runs and is new enough.
python_path() {
    "$1" -c 'import sys
if sys.version_info < tuple(map(int, sys.argv[1].split("."))): sys.exit(1)
print(sys.executable)' "$PYTHON_NEEDED" 2>/dev/null
}

# The first choice is the same on every node, whatever else an image holds.
find_python() {
    PYTHON=$(python_path "python$PYTHON_NEEDED") || PYTHON=$(python_path python3)
}

# Amazon Linux 2023 keeps Python 3.9 as its python3; newer ones are signed packages that lie beside it.
install_python() {
    find_python && return
    dnf install -y -q "python$PYTHON_NEEDED" || echo "pothole-boot: no package python$PYTHON_NEEDED" >&2
    find_python || fail "no Python $PYTHON_NEEDED or later: python3 is $(python3 -V 2>/dev/null || echo missing)"
}

java_ok() {
    "$1" -version 2>&1 | grep -q 'version "17\.'
}

# Where Java 17 is: of the pinned archive if there is one, else of the image or its signed package repository.
install_java() {
    local archive home=$ROOT/opt/java
    archive=$(listed '^java-17.*\.tar\.gz$')
    if [ -n "$archive" ]; then
        fetch "$archive"
        rm -rf "$home" && mkdir -p "$home"
        tar -xzmf "$archive" -C "$home" --strip-components 1
    else
        java_ok java || dnf install -y -q java-17-amazon-corretto-headless
        home=$(dirname "$(dirname "$(readlink -f "$(command -v java)")")")
    fi
    java_ok "$home/bin/java" || fail "$home is no Java 17"
    JAVA_HOME=$home
}

# PyPI's source archive of PySpark holds all of Spark, but in another layout than spark-submit expects.
install_spark() {
    local archive py4j jar new=$SPARK_HOME.new
    archive=$(listed '^pyspark-[0-9.]+\.tar\.gz$') py4j=$(listed '^py4j-.*\.whl$')
    [ -n "$archive" ] || fail "artefacts.sha256 lists no pyspark-*.tar.gz"
    [ -n "$py4j" ] || fail "artefacts.sha256 lists no py4j-*.whl"
    fetch "$archive"
    fetch "$py4j"
    rm -rf "$new" unpacked && mkdir -p "$new/python/lib" "$new/conf" unpacked
    tar -xzmf "$archive" -C unpacked --strip-components 1 --no-same-owner
    mv unpacked/deps/bin unpacked/deps/sbin unpacked/deps/jars "$new/"
    mv unpacked/pyspark "$new/python/"
    chmod -R a+rX "$new" && chmod a+x "$new"/bin/* "$new"/sbin/*
    (cd "$new/python" && "$PYTHON" -m zipfile -c lib/pyspark.zip pyspark)
    cp "$py4j" "$new/python/lib/$(cut -d- -f1,2 <<<"$py4j")-src.zip" # a wheel of pure Python is such an archive
    for jar in $(listed '\.jar$'); do
        fetch "$jar"
        install -m 0644 "$jar" "$new/jars/"
    done
    write_spark_env "$new/conf/spark-env.sh"
    rm -rf "$SPARK_HOME" unpacked && mv "$new" "$SPARK_HOME"
}

write_spark_env() {
    cat >"$1" <<END
# Written by pothole's boot.sh. 7078 is the worker's port that sg_spark names; drivers and executors use ephemeral ones.
# Amazon Linux 2023 keeps /tmp in memory: what Spark spills goes to the disk.
export JAVA_HOME=${JAVA_HOME}
export PYSPARK_PYTHON=${PYTHON}
export PYSPARK_DRIVER_PYTHON=${PYTHON}
export SPARK_MASTER_PORT=7077
export SPARK_WORKER_PORT=7078
export SPARK_LOCAL_DIRS=/var/tmp
END
}

main() {
    SOURCE=$1
    install_lease
    install_python
    install_java
    install_spark
    rm -f -- *.jar *.whl *.tar.gz
    echo "pothole-boot: ready, $("$SPARK_HOME/bin/spark-submit" --version 2>&1 | grep -oE 'version [0-9.]+' | head -n 1)"
}

if [ "${BASH_SOURCE[0]}" = "$0" ]; then
    [ $# = 1 ] || fail "usage: boot.sh s3://BUCKET/PREFIX"
    main "$@"
fi
