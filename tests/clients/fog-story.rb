#!/usr/bin/ruby
# What fog's EC2 driver can do with images and what they need, in two steps.
#
#     ENDPOINT=http://127.0.0.1:4599/ KEY=... SECRET=... PUBLIC_KEY=FILE ruby tests/clients/fog-story.rb make > made.json
#     ENDPOINT=... ruby tests/clients/fog-story.rb remove < made.json
#
# `make` prints the ids of what it made; between the steps, another client can look at it.
#
# Left out: DescribeInstanceStatus, as fog-aws 3.15 cannot read EC2's answers with `attachedEbsStatus` (fog-aws issue 734).

require 'json'
require 'fog/aws'

LIMIT_SECONDS = 60
NAME = 'fog-story'.freeze
STRANGER = '111122223333'.freeze

Fog.timeout = LIMIT_SECONDS
Fog.interval = ->(_retries) { 0.05 }
EC2 = Fog::AWS::Compute.new(
  endpoint: ENV.fetch('ENDPOINT'),
  aws_access_key_id: ENV.fetch('KEY'),
  aws_secret_access_key: ENV.fetch('SECRET'),
  region: 'us-east-1'
)

def check(what, found)
  found or raise "not so: #{what}"
end

def same(what, found, expected)
  found == expected or raise "#{what} is #{found.inspect}, not #{expected.inspect}"
end

def look_around
  zones = EC2.describe_availability_zones('state' => 'available').body['availabilityZoneInfo']
  check 'regions', EC2.describe_regions('region-name' => 'us-east-1').body['regionInfo'].any?
  limits = EC2.describe_account_attributes.body['accountAttributeSet']
  check 'limits', limits.any? { |limit| limit['attributeName'] == 'max-instances' }
  image = EC2.images.all('name' => ['an-image'], 'ExecutableBy' => 'all').first
  same 'name of the image', EC2.images.get(image.id).name, 'an-image'
  vpc = EC2.vpcs.all('isDefault' => 'true').first
  subnet = EC2.subnets.all('vpc-id' => vpc.id, 'availability-zone' => zones.first['zoneName']).first
  [image, vpc, subnet]
end

def make_keys
  made = EC2.key_pairs.create(name: NAME)
  check 'a private key', made.private_key.include?('PRIVATE KEY')
  imported = EC2.key_pairs.create(name: "#{NAME}-imported", public_key: File.read(ENV.fetch('PUBLIC_KEY')))
  same 'fingerprint', EC2.key_pairs.get(imported.name).fingerprint, imported.fingerprint
end

def make_group(vpc)
  group = EC2.security_groups.create(name: NAME, description: 'made by fog', vpc_id: vpc.id, tags: { 'role' => 'ssh' })
  group.authorize_port_range(22..22, cidr_ip: '127.0.0.1/32')
  group.authorize_port_range(80..81, cidr_ip: '127.0.0.0/8')
  group.authorize_port_range(0..65_535, group: group.group_id)
  group.authorize_port_range(53..53, cidr_ip: '127.0.0.0/8', ip_protocol: 'udp', direction: 'egress')
  group.revoke_port_range(80..81, cidr_ip: '127.0.0.0/8')
  found = EC2.security_groups.get_by_id(group.group_id)
  same 'ports', found.ip_permissions.map { |rule| rule['fromPort'] }.sort, [0, 22]
  same 'the group by its name', EC2.security_groups.get(NAME).group_id, group.group_id
  group
end

def make_servers(image, subnet, group)
  root = { 'DeviceName' => '/dev/xvda', 'Ebs.VolumeSize' => 10, 'Ebs.VolumeType' => 'gp3', 'Ebs.DeleteOnTermination' => true }
  server = EC2.servers.create(
    image_id: image.id, flavor_id: 't3.micro', key_name: NAME, subnet_id: subnet.subnet_id,
    security_group_ids: [group.group_id], associate_public_ip: true, user_data: "#!/bin/sh\n#{'true ' * 40}\n",
    client_token: "#{NAME}-1", block_device_mapping: [root], monitoring: true,
    tag_specifications: [{ 'ResourceType' => 'volume', 'Tags' => [{ 'Key' => 'disk', 'Value' => 'root' }] }],
    tags: { 'Name' => NAME, 'role' => 'builder' }
  )
  # By the names of groups, in the default VPC.
  others = EC2.servers.create_many(2, 2, image_id: image.id, flavor_id: 't3.micro', groups: [NAME, 'default'])
  [server, *others].each { |each| each.wait_for { ready? } }
  found = EC2.servers.all('tag:role' => 'builder', 'instance-state-name' => 'running')
  same 'servers by tag', found.map(&:id), [server.id]
  same 'flavor', EC2.servers.get(server.id).flavor.name, 'T3 Micro'
  [server, *others]
end

def change_server(server, other)
  EC2.modify_instance_attribute(server.id, 'DisableApiTermination.Value' => true)
  attribute = EC2.describe_instance_attribute(server.id, 'disableApiTermination').body
  same 'protection', attribute['disableApiTermination'], true
  EC2.modify_instance_attribute(server.id, 'DisableApiTermination.Value' => false)
  EC2.modify_instance_attribute(server.id, 'GroupId' => server.security_group_ids)
  server.monitor = false
  other.stop
  other.wait_for { state == 'stopped' }
  EC2.modify_instance_attribute(other.id, 'InstanceType.Value' => 't3.small')
  other.start
  other.wait_for { ready? }
  same 'type', other.reload.flavor_id, 't3.small'
  other.reboot
  EC2.create_tags([other.id], 'role' => 'spare', 'empty' => nil, 'gone' => 'soon')
  EC2.tags.all('resource-id' => other.id, 'key' => 'gone').first.destroy
  same 'tags', EC2.servers.get(other.id).tags, { 'role' => 'spare', 'empty' => nil }
  check 'the console', server.console_output.body.key?('output')
end

def make_volumes(server)
  zone = server.reload.availability_zone
  volume = EC2.volumes.create(availability_zone: zone, size: 2, type: 'gp3', tags: { 'Name' => "#{NAME}-data" })
  volume.attach(server, '/dev/sdf')
  volume.wait_for { state == 'in-use' }
  check 'the volume at its server', server.volumes.any? { |each| each.id == volume.id }
  volume.size = 3
  volume.save
  same 'modification', volume.modifications.map { |each| each['targetSize'] }, [3]
  snapshot = EC2.snapshots.create(volume_id: volume.id, description: "#{NAME}-data")
  snapshot.wait_for { ready? }
  EC2.create_tags(snapshot.id, 'role' => 'data')
  same 'snapshots of the volume', volume.snapshots.map(&:id), [snapshot.id]
  same 'the snapshot by its tag', EC2.snapshots.all('tag:role' => 'data').map(&:id), [snapshot.id]
  EC2.modify_snapshot_attribute(snapshot.id, 'Add.UserId' => [STRANGER], 'Add.Group' => ['all'])
  EC2.modify_snapshot_attribute(snapshot.id, 'Remove.Group' => ['all'])
  EC2.modify_volume_attribute(volume.id, true)
  volume.force_detach
  volume.wait_for { ready? }
  copy = EC2.volumes.create(availability_zone: zone, snapshot_id: snapshot.id, size: 3, type: 'gp2')
  copy.wait_for { ready? }
  [volume, snapshot, copy]
end

def make_images(server, snapshot)
  mappings = [
    { 'DeviceName' => '/dev/xvda', 'Ebs.VolumeType' => 'gp3', 'Ebs.DeleteOnTermination' => true },
    { 'DeviceName' => '/dev/sdh', 'VirtualName' => 'ephemeral0' }
  ]
  made = EC2.create_image(server.id, NAME, 'made by fog', true, block_device_mappings: mappings)
  image = EC2.images.get(made.body['imageId'])
  image.wait_for { ready? }
  EC2.modify_image_attribute(image.id, 'Add.UserId' => [STRANGER], 'Add.Group' => ['all'])
  EC2.modify_image_attribute(image.id, 'Remove.Group' => ['all'])
  permission = EC2.describe_image_attribute(image.id, 'launchPermission').body['launchPermission']
  same 'launch permission', permission, [STRANGER]
  EC2.create_tags(image.id, 'Name' => NAME)
  disks = [{ 'DeviceName' => '/dev/xvda', 'SnapshotId' => snapshot.id, 'VolumeSize' => 4, 'DeleteOnTermination' => true }]
  options = { 'Architecture' => 'x86_64', 'VirtualizationType' => 'hvm', 'EnaSupport' => true }
  registered = EC2.register_image("#{NAME}-registered", 'registered by fog', '/dev/xvda', disks, options).body['imageId']
  EC2.images.get(registered).wait_for { ready? }
  own = EC2.images.all('Owner' => 'self', 'name' => "#{NAME}*")
  same 'own images', own.map(&:id).sort, [image.id, registered].sort
  [EC2.images.get(image.id), EC2.images.get(registered)]
end

def make
  image, vpc, subnet = look_around
  make_keys
  group = make_group(vpc)
  servers = make_servers(image, subnet, group)
  change_server(*servers.first(2))
  volume, snapshot, copy = make_volumes(servers.first)
  images = make_images(servers.first, snapshot)
  puts JSON.generate(
    servers: servers.map(&:id), group: group.group_id, volumes: [volume.id, copy.id],
    snapshot: snapshot.id, images: images.map(&:id)
  )
end

def remove(made)
  baked, registered = made['images'].map { |id| EC2.images.get(id) }
  baked.deregister(true)
  registered.deregister
  same 'images after their end', EC2.images.all('name' => "#{NAME}*").to_a, []
  EC2.snapshots.get(made['snapshot']).destroy
  made['servers'].each { |id| EC2.servers.get(id).destroy }
  made['servers'].each { |id| EC2.servers.get(id).wait_for { state == 'terminated' } }
  made['volumes'].each { |id| EC2.volumes.get(id).destroy }
  EC2.security_groups.get_by_id(made['group']).destroy
  EC2.key_pairs.each(&:destroy)
end

ARGV == ['make'] ? make : remove(JSON.parse($stdin.read))
