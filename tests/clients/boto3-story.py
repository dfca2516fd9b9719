#!/usr/bin/python3
"""The main job by boto3: launch, log in, change something, make an image, launch that and find the change.

    ENDPOINT=http://127.0.0.1:4599 AWS_PROFILE=bakehouse python3 tests/clients/boto3-story.py

Credentials and region come as boto3 takes them. What the story made is deleted at its end, however that comes.
"""

import contextlib
import os
import subprocess
import tempfile
import time

import boto3
from botocore.config import Config

LOGIN_LIMIT_SECONDS = 600
NAME = f"boto3-story-{os.getpid()}"

# One attempt a call: a failure should be seen, not repeated.
ec2 = boto3.resource(
    "ec2", endpoint_url=os.environ["ENDPOINT"], config=Config(retries={"total_max_attempts": 1})
)


def ssh(key_path, address, command, check=True):
    options = ["BatchMode=yes", "StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null"]
    settings = [part for option in [*options, "LogLevel=ERROR", "ConnectTimeout=20"] for part in ("-o", option)]
    return subprocess.run(
        ["ssh", "-i", key_path, *settings, f"ec2-user@{address}", command],
        check=check, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=120,
    )


def wait_for_login(key_path, address):
    deadline = time.monotonic() + LOGIN_LIMIT_SECONDS
    while (attempt := ssh(key_path, address, "true", check=False)).returncode != 0:
        if time.monotonic() > deadline:
            raise TimeoutError(f"no login at {address}: {attempt.stderr}")
        time.sleep(1)


def create_key_pair(folder, undo):
    key_pair = ec2.create_key_pair(KeyName=NAME, KeyType="ed25519")
    undo.callback(key_pair.delete)
    path = os.path.join(folder, "key")
    with open(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600), "w") as file:
        file.write(key_pair.key_material)
    return path


def create_group(undo):
    group = ec2.create_security_group(GroupName=NAME, Description="ssh from here")
    undo.callback(group.delete)
    group.authorize_ingress(IpProtocol="tcp", FromPort=22, ToPort=22, CidrIp="127.0.0.1/32")
    return group


def terminate(instance):
    instance.terminate()
    instance.wait_until_terminated()


def launch(image, group, key_path, undo):
    (instance,) = ec2.create_instances(
        ImageId=image.id, InstanceType="t3.micro", MinCount=1, MaxCount=1,
        KeyName=NAME, SecurityGroupIds=[group.id],
    )
    undo.callback(terminate, instance)
    instance.wait_until_running()
    instance.reload()
    wait_for_login(key_path, instance.public_ip_address)
    return instance


def newest_image():
    found = ec2.images.filter(Owners=["amazon"], Filters=[{"Name": "name", "Values": ["bakehouse-linux-*"]}])
    return max(found, key=lambda image: image.creation_date)


def create_image(instance, undo):
    image = instance.create_image(Name=NAME, NoReboot=True)
    image.wait_until_exists(Filters=[{"Name": "state", "Values": ["available"]}])
    image.reload()
    for mapping in image.block_device_mappings:
        undo.callback(ec2.Snapshot(mapping["Ebs"]["SnapshotId"]).delete)
    undo.callback(image.deregister)
    return image


def main():
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as undo:
        key_path = create_key_pair(folder, undo)
        group = create_group(undo)
        instance = launch(newest_image(), group, key_path, undo)
        ssh(key_path, instance.public_ip_address, "echo 'the change' > change.txt; sync")
        image = create_image(instance, undo)
        clone = launch(image, group, key_path, undo)
        found = ssh(key_path, clone.public_ip_address, "cat change.txt").stdout
        assert found == "the change\n", found
    print("ok")


if __name__ == "__main__":
    main()
