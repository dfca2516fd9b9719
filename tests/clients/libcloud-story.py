#!/usr/bin/python3
"""What libcloud's EC2 driver can do with images and what they need, in two steps.

    ENDPOINT=http://127.0.0.1:4599 KEY=... SECRET=... SIGNATURE=4 python3 tests/clients/libcloud-story.py make > made.json
    ENDPOINT=... python3 tests/clients/libcloud-story.py remove < made.json

`make` prints the ids of what it made; between the steps, another client can look at it. SIGNATURE may be left out:
libcloud then takes Signature Version 2 in us-east-1.
"""

import json
import os
import sys
import time
from urllib.parse import urlsplit

from libcloud.compute.base import NodeAuthSSHKey
from libcloud.compute.providers import get_driver
from libcloud.compute.types import Provider, StorageVolumeState, VolumeSnapshotState

LIMIT_SECONDS = 60
NAME = "libcloud-story"

endpoint = urlsplit(os.environ["ENDPOINT"])
driver = get_driver(Provider.EC2)(
    os.environ["KEY"],
    os.environ["SECRET"],
    region="us-east-1",
    secure=False,
    host=endpoint.hostname,
    port=endpoint.port,
    signature_version=os.environ.get("SIGNATURE"),
)


def wait_for(what, ask):
    deadline = time.monotonic() + LIMIT_SECONDS
    while not (found := ask()):
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited {LIMIT_SECONDS} s for {what}")
        time.sleep(0.05)
    return found


def node_by_id(node_id):
    return driver.list_nodes(ex_node_ids=[node_id])[0]


def node_in(state, node_id):
    return wait_for(f"{node_id} {state}", lambda: node_by_id(node_id).extra["status"] == state and node_by_id(node_id))


def volume_by_id(volume_id):
    return next(volume for volume in driver.list_volumes() if volume.id == volume_id)


def volume_in(state, volume_id):
    return wait_for(f"{volume_id} {state}", lambda: volume_by_id(volume_id).state == state and volume_by_id(volume_id))


def completed(snapshot):
    return wait_for(
        f"{snapshot.id} completed",
        lambda: driver.list_snapshots(snapshot=snapshot)[0].state == VolumeSnapshotState.AVAILABLE
        and driver.list_snapshots(snapshot=snapshot)[0],
    )


def available(image):
    return wait_for(
        f"{image.id} available",
        lambda: driver.get_image(image.id).extra["state"] == "available" and driver.get_image(image.id),
    )


def look_around():
    (zone, *_) = driver.list_locations()
    assert zone.availability_zone.region_name == "us-east-1", zone
    size = next(size for size in driver.list_sizes() if size.id == "t3.micro")
    (image,) = driver.list_images(ex_executableby="all", ex_filters={"name": "an-image", "state": ["available", "pending"]})
    assert driver.get_image(image.id).name == "an-image"
    (network,) = driver.ex_list_networks(filters={"isDefault": "true"})
    subnet = driver.ex_list_subnets(filters={"vpc-id": network.id, "availability-zone": zone.name})[0]
    assert driver.ex_get_limits()["resource"]["max-instances"] > 0
    assert driver.ex_list_internet_gateways() and driver.ex_list_route_tables()
    return zone, size, image, network, subnet


def make_keys():
    made = driver.create_key_pair(NAME)
    assert "PRIVATE KEY" in made.private_key
    assert driver.get_key_pair(NAME).fingerprint == made.fingerprint
    with open(os.environ["PUBLIC_KEY"], encoding="ascii") as file:
        text = file.read()
    imported = driver.import_key_pair_from_string(f"{NAME}-imported", text)
    names = {pair.name for pair in driver.list_key_pairs()}
    assert {made.name, imported.name} <= names, names
    return text


def make_group(network):
    group_id = driver.ex_create_security_group(NAME, "made by libcloud", vpc_id=network.id)["group_id"]
    assert driver.ex_authorize_security_group(NAME, 80, 80, "127.0.0.0/8")
    # Twice: the driver takes the refusal of a duplicate for success.
    driver.ex_authorize_security_group(NAME, 80, 80, "127.0.0.0/8")
    ranges = ["127.0.0.1/32", "127.0.0.2/32"]
    assert driver.ex_authorize_security_group_ingress(group_id, 22, 22, cidr_ips=ranges, description="ssh")
    assert driver.ex_authorize_security_group_ingress(group_id, 0, 65535, group_pairs=[{"group_id": group_id}])
    assert driver.ex_authorize_security_group_egress(group_id, 53, 53, ["127.0.0.0/8"], protocol="udp")
    assert driver.ex_revoke_security_group_ingress(group_id, 80, 80, cidr_ips=["127.0.0.0/8"])
    (group,) = driver.ex_get_security_groups(group_ids=[group_id])
    assert [rule["from_port"] for rule in group.ingress_rules if rule["cidr_ips"]] == ["22"], group.ingress_rules
    assert NAME in driver.ex_list_security_groups()
    return group_id


def make_nodes(image, size, zone, subnet, group_id, public_key):
    root = {"DeviceName": "/dev/xvda", "Ebs": {"VolumeSize": 10, "VolumeType": "gp3", "DeleteOnTermination": "true"}}
    node = driver.create_node(
        NAME,
        size,
        image,
        location=zone,
        ex_keyname=NAME,
        ex_subnet=subnet,
        ex_security_group_ids=[group_id],
        ex_assign_public_ip=True,
        ex_userdata="#!/bin/sh\ntrue\n",
        ex_clienttoken=f"{NAME}-1",
        ex_blockdevicemappings=[root],
        ex_metadata={"role": "builder"},
        ex_terminate_on_shutdown=True,
    )
    by_group = driver.create_node(f"{NAME}-2", size, image, auth=NodeAuthSSHKey(public_key), ex_security_groups=[NAME])
    ((running, addresses),) = driver.wait_until_running([node], wait_period=0.05, timeout=LIMIT_SECONDS)
    assert addresses == running.public_ips, addresses
    node_in("running", by_group.id)
    (found,) = driver.list_nodes(ex_filters={"tag:role": "builder", "instance-state-name": ["running"]})
    assert found.id == node.id and found.name == NAME, found
    return node, by_group


def change_node(node, other, group_id):
    """The attributes as the driver's documentation and users write them: Python's booleans become True and False."""
    assert driver.ex_modify_instance_attribute(node, {"DisableApiTermination.Value": True})
    assert driver.ex_modify_instance_attribute(node, {"DisableApiTermination.Value": False})
    assert driver.ex_modify_instance_attribute(node, {"SourceDestCheck.Value": True})
    assert driver.ex_modify_instance_attribute(node, {"GroupId.1": group_id})
    assert driver.ex_modify_instance_attribute(
        node, {"BlockDeviceMapping.1.DeviceName": "/dev/xvda", "BlockDeviceMapping.1.Ebs.DeleteOnTermination": "true"}
    )
    assert driver.stop_node(other)
    stopped = node_in("stopped", other.id)
    assert driver.ex_change_node_size(stopped, next(size for size in driver.list_sizes() if size.id == "t3.small"))
    assert driver.start_node(stopped)
    assert node_in("running", other.id).extra["instance_type"] == "t3.small"
    assert driver.reboot_node(other)
    assert driver.ex_create_tags(other, {"role": "spare", "gone": "soon", "kept": ""})
    assert driver.ex_delete_tags(other, {"gone": "soon"})
    assert driver.ex_describe_tags(other) == {"Name": f"{NAME}-2", "role": "spare", "kept": ""}
    assert "output" in driver.ex_get_console_output(node)


def make_volume(node, zone):
    volume = driver.create_volume(7, f"{NAME}-data", location=zone, ex_volume_type="gp3", ex_iops=3100, ex_throughput=130)
    volume_in(StorageVolumeState.AVAILABLE, volume.id)
    assert driver.attach_volume(node, volume, "/dev/sdf")
    volume_in(StorageVolumeState.INUSE, volume.id)
    assert volume.id in {attached.id for attached in driver.list_volumes(node)}
    modification = driver.ex_modify_volume(volume, {"Size": 8, "VolumeType": "gp3"})
    assert modification.target_size == 8, modification
    (reported,) = driver.ex_describe_volumes_modifications(volume_ids=[volume.id])
    assert reported.original_size == 7, reported
    snapshot = driver.create_volume_snapshot(volume, name=f"{NAME}-data", ex_metadata={"role": "data"})
    completed(snapshot)
    (listed,) = driver.list_volume_snapshots(volume)
    assert listed.id == snapshot.id and listed.extra["tags"]["role"] == "data", listed
    assert driver.ex_modify_snapshot_attribute(snapshot, {"CreateVolumePermission.Add.1.UserId": "111122223333"})
    assert driver.detach_volume(volume, ex_force=True)
    volume_in(StorageVolumeState.AVAILABLE, volume.id)
    copy = driver.create_volume(8, f"{NAME}-copy", location=zone, snapshot=snapshot, ex_encrypted=False)
    volume_in(StorageVolumeState.AVAILABLE, copy.id)
    return volume, snapshot, copy


def make_images(node, snapshot):
    mapping = [
        {"DeviceName": "/dev/xvda", "Ebs": {"VolumeSize": 10, "VolumeType": "gp3", "DeleteOnTermination": "true"}},
        {"DeviceName": "/dev/sdg", "Ebs": {"VolumeSize": 1, "DeleteOnTermination": "true"}},
        {"DeviceName": "/dev/sdh", "VirtualName": "ephemeral0"},
    ]
    image = driver.create_image(node, NAME, description="made by libcloud", reboot=False, block_device_mapping=mapping)
    assert available(image).extra["description"] == "made by libcloud"
    assert driver.ex_modify_image_attribute(image, {"LaunchPermission.Add.1.UserId": "111122223333"})
    assert driver.ex_modify_image_attribute(image, {"LaunchPermission.Add.1.Group": "all"})
    assert driver.ex_modify_image_attribute(image, {"Description.Value": "changed by libcloud"})
    assert driver.ex_create_tags(image, {"Name": NAME})
    registered = driver.ex_register_image(
        f"{NAME}-registered",
        description="registered by libcloud",
        architecture="x86_64",
        root_device_name="/dev/xvda",
        virtualization_type="hvm",
        ena_support=True,
        block_device_mapping=[
            {"DeviceName": "/dev/xvda", "Ebs": {"SnapshotId": snapshot.id, "VolumeSize": 9, "DeleteOnTermination": True}}
        ],
    )
    available(registered)
    own = driver.list_images(ex_owner="self", ex_filters={"name": f"{NAME}*"})
    assert {found.id for found in own} == {image.id, registered.id}, own
    return image, registered


def make():
    zone, size, image, network, subnet = look_around()
    public_key = make_keys()
    group_id = make_group(network)
    node, other = make_nodes(image, size, zone, subnet, group_id, public_key)
    change_node(node, other, group_id)
    volume, snapshot, copy = make_volume(node, zone)
    baked, registered = make_images(node, snapshot)
    (captured,) = [
        disk["ebs"]["snapshot_id"]
        for disk in available(baked).extra["block_device_mapping"]
        if disk["device_name"] == "/dev/xvda"
    ]
    made = {
        "nodes": [node.id, other.id],
        "group": group_id,
        "volumes": [volume.id, copy.id],
        "snapshots": [snapshot.id, captured],
        "images": [baked.id, registered.id],
    }
    print(json.dumps(made))


def remove(made):
    for image_id in made["images"]:
        assert driver.delete_image(driver.get_image(image_id))
    for snapshot in driver.list_snapshots(owner="self"):
        if snapshot.id in made["snapshots"]:
            assert driver.destroy_volume_snapshot(snapshot)
    for node_id in made["nodes"]:
        assert driver.destroy_node(node_by_id(node_id))
        node_in("terminated", node_id)
    for volume_id in made["volumes"]:
        assert driver.destroy_volume(volume_by_id(volume_id))
    assert driver.ex_delete_security_group_by_id(made["group"])
    for pair in driver.list_key_pairs():
        assert driver.delete_key_pair(pair)


if __name__ == "__main__":
    {"make": make, "remove": lambda: remove(json.load(sys.stdin))}[sys.argv[1]]()
