#!/bin/sh
# The main job by the plain AWS CLI and its waiters: launch, log in, change something, make an image, launch that.
# Then disks: stop and start, a second volume, its snapshot, a volume from that. At the end all of it is deleted.
#
#   ENDPOINT=http://127.0.0.1:4599 AWS_PROFILE=bakehouse sh tests/clients/aws-cli.sh
#
# Credentials and region come as the AWS CLI takes them: from a profile or the environment.
set -eu
: "${ENDPOINT:?the address of the server, such as http://127.0.0.1:4599}"
name=aws-cli-story-$$
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

ec2() { aws --endpoint-url "$ENDPOINT" --output text ec2 "$@"; }
say() { echo "== $*"; }

# guest ADDRESS COMMAND...: runs a command in a guest, as ec2-user.
guest() {
  address=$1
  shift
  ssh -i "$work/key" -o BatchMode=yes -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null \
    -o LogLevel=ERROR -o ConnectTimeout=20 "ec2-user@$address" "$@"
}

# wait_login INSTANCE ADDRESS: a guest that runs takes a while to boot. When there is no login in ten minutes, its console
# says why.
wait_login() {
  end=$(($(date +%s) + 600))
  until guest "$2" true 2> "$work/ssh-says"; do
    if [ "$(date +%s)" -gt $end ]; then
      ec2 get-console-output --latest --instance-id "$1" --query Output
      cat "$work/ssh-says"
      exit 1
    fi
    sleep 1
  done
}

address_of() {
  ec2 describe-instances --instance-ids "$1" --query 'Reservations[0].Instances[0].PublicIpAddress'
}

say 'a key pair, and a security group that lets ssh in'
ec2 create-key-pair --key-name "$name" --key-type ed25519 --query KeyMaterial > "$work/key"
chmod 600 "$work/key"
group=$(ec2 create-security-group --group-name "$name" --description 'ssh from here' --query GroupId)
ec2 authorize-security-group-ingress --group-id "$group" --protocol tcp --port 22 --cidr 127.0.0.1/32 > /dev/null

say "the newest Linux image of the platform's own"
image=$(ec2 describe-images --owners amazon --filters 'Name=name,Values=bakehouse-linux-*' \
  --query 'sort_by(Images, &CreationDate)[-1].ImageId')

say "launch $image, log in, write a file"
instance=$(ec2 run-instances --image-id "$image" --instance-type t3.micro --key-name "$name" \
  --security-group-ids "$group" --query 'Instances[0].InstanceId')
ec2 wait instance-running --instance-ids "$instance"
address=$(address_of "$instance")
wait_login "$instance" "$address"
guest "$address" 'echo "the change" > change.txt; sync'

say "an image of $instance"
own_image=$(ec2 create-image --instance-id "$instance" --name "$name" --description 'has the change' --query ImageId)
ec2 wait image-available --image-ids "$own_image"

say "launch $own_image and find the change"
clone=$(ec2 run-instances --image-id "$own_image" --instance-type t3.micro --key-name "$name" \
  --security-group-ids "$group" --query 'Instances[0].InstanceId')
ec2 wait instance-running --instance-ids "$clone"
clone_address=$(address_of "$clone")
wait_login "$clone" "$clone_address"
test "$(guest "$clone_address" cat change.txt)" = 'the change'

say "stop $clone and start it again: the change is still there"
ec2 stop-instances --instance-ids "$clone" > /dev/null
ec2 wait instance-stopped --instance-ids "$clone"
ec2 start-instances --instance-ids "$clone" > /dev/null
ec2 wait instance-running --instance-ids "$clone"
clone_address=$(address_of "$clone")
wait_login "$clone" "$clone_address"
test "$(guest "$clone_address" cat change.txt)" = 'the change'

say 'a second volume, attached while the guest runs'
zone=$(ec2 describe-instances --instance-ids "$clone" \
  --query 'Reservations[0].Instances[0].Placement.AvailabilityZone')
volume=$(ec2 create-volume --size 1 --availability-zone "$zone" --query VolumeId)
ec2 wait volume-available --volume-ids "$volume"
ec2 attach-volume --volume-id "$volume" --instance-id "$clone" --device /dev/sdf > /dev/null
ec2 wait volume-in-use --volume-ids "$volume"
# A guest finds a volume by its id, which is the disk's serial number without the dash.
disk() { echo "/dev/disk/by-id/virtio-$(echo "$1" | tr -d -)"; }
guest "$clone_address" "while ! test -b $(disk "$volume"); do sleep 0.2; done
  sudo mkfs.ext4 -q $(disk "$volume") && sudo mount $(disk "$volume") /mnt &&
  echo 'more data' | sudo tee /mnt/more.txt > /dev/null && sudo umount /mnt"

say 'its snapshot, and a volume from that'
snapshot=$(ec2 create-snapshot --volume-id "$volume" --description "$name" --query SnapshotId)
ec2 wait snapshot-completed --snapshot-ids "$snapshot"
copy=$(ec2 create-volume --snapshot-id "$snapshot" --availability-zone "$zone" --query VolumeId)
ec2 wait volume-available --volume-ids "$copy"
ec2 attach-volume --volume-id "$copy" --instance-id "$clone" --device /dev/sdg > /dev/null
ec2 wait volume-in-use --volume-ids "$copy"
test "$(guest "$clone_address" "while ! test -b $(disk "$copy"); do sleep 0.2; done
  sudo mount -o ro $(disk "$copy") /mnt && cat /mnt/more.txt && sudo umount /mnt")" = 'more data'

say 'all of it is deleted'
ec2 detach-volume --volume-id "$copy" > /dev/null
ec2 wait volume-available --volume-ids "$copy"
ec2 delete-volume --volume-id "$copy"
ec2 terminate-instances --instance-ids "$instance" "$clone" > /dev/null
ec2 wait instance-terminated --instance-ids "$instance" "$clone"
ec2 wait volume-available --volume-ids "$volume"
ec2 delete-volume --volume-id "$volume"
ec2 wait volume-deleted --volume-ids "$copy" "$volume"
own_snapshot=$(ec2 describe-images --image-ids "$own_image" \
  --query 'Images[0].BlockDeviceMappings[0].Ebs.SnapshotId')
ec2 deregister-image --image-id "$own_image" > /dev/null
ec2 delete-snapshot --snapshot-id "$own_snapshot"
ec2 delete-snapshot --snapshot-id "$snapshot"
ec2 delete-security-group --group-id "$group" > /dev/null
ec2 delete-key-pair --key-name "$name" > /dev/null
echo ok
