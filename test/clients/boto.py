"""Copies one file by boto3 with its defaults: `boto.py up|down ENDPOINT STYLE BUCKET KEY FILE`."""

import sys

import boto3
from botocore.config import Config

direction, endpoint, style, bucket, key, path = sys.argv[1:]
# The style is the one setting that a bucket in the host's name needs; "auto" is boto3's default.
client = boto3.client("s3", endpoint_url=endpoint, region_name="us-east-1", config=Config(s3={"addressing_style": style}))
if direction == "up":
    client.upload_file(path, bucket, key)
elif direction == "put":
    with open(path, "rb") as body:
        client.put_object(Bucket=bucket, Key=key, Body=body)
else:
    client.download_file(bucket, key, path)
