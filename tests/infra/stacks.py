"""Stacks of the template in an account of moto: what a test gives is added to good parameters."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import boto3

TEMPLATE = Path(__file__).parents[2] / "infra" / "cloudformation" / "pothole.yaml"


def create(name: str, endpoint: str | None = None, **parameters: str) -> None:
    ec2 = boto3.client("ec2", endpoint_url=endpoint)
    if not ec2.describe_key_pairs()["KeyPairs"]:
        ec2.create_key_pair(KeyName="operators")
    _client(endpoint).create_stack(**_order(name, ec2, parameters))


def update(name: str, endpoint: str | None = None, **parameters: str) -> None:
    _client(endpoint).update_stack(**_order(name, boto3.client("ec2", endpoint_url=endpoint), parameters))


def outputs(name: str, endpoint: str | None = None) -> dict[str, str]:
    stack = _client(endpoint).describe_stacks(StackName=name)["Stacks"][0]
    assert stack["StackStatus"] in ("CREATE_COMPLETE", "UPDATE_COMPLETE"), stack
    return {o["OutputKey"]: o["OutputValue"] for o in stack["Outputs"]}


def _client(endpoint: str | None) -> Any:
    return boto3.client("cloudformation", endpoint_url=endpoint)


def _order(name: str, ec2: Any, parameters: dict[str, str]) -> dict[str, Any]:
    image = ec2.describe_images(Owners=["amazon"])["Images"][0]["ImageId"]
    values = {"OperatorCidr": "10.20.0.0/24", "ImageId": image, "KeyName": "operators"} | parameters
    given = [{"ParameterKey": key, "ParameterValue": value} for key, value in values.items()]
    template = TEMPLATE.read_text()
    return {"StackName": name, "TemplateBody": template, "Parameters": given, "Capabilities": ["CAPABILITY_IAM"]}
