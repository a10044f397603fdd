"""Lets VPCs of two regions be peered, whose emulators know nothing of each other.

The front tells what is elsewhere by headers: X-Aegis-Peer-Cidr and X-Aegis-Vpc-Cidr
are the ranges of a VPC that this emulator does not have, and X-Aegis-Peering-Id is
what the emulator that has the requester called the connection.
"""

import loaded


def _elsewhere(backend, vpc_id, cidr):
    """Puts a VPC of another emulator into one of this emulator's other regions."""
    from moto.ec2.models.vpcs import VPC

    if cidr and vpc_id not in backend.vpcs:
        backend.vpcs[vpc_id] = VPC(backend, vpc_id, cidr, is_default=False)


@loaded.when("moto.ec2.responses.vpc_peering_connections")
def _responses(module):
    real = module.VPCPeeringConnections.create_vpc_peering_connection

    def create(self):
        from moto.ec2.models import ec2_backends

        account = ec2_backends[self._get_param("PeerOwnerId") or self.current_account]
        peer = account[self._get_param("PeerRegion") or self.region]
        _elsewhere(peer, self._get_param("PeerVpcId"), self.headers.get("X-Aegis-Peer-Cidr"))
        _elsewhere(self.ec2_backend, self._get_param("VpcId"), self.headers.get("X-Aegis-Vpc-Cidr"))
        before = set(self.ec2_backend.vpc_pcxs)
        result = real(self)
        given = self.headers.get("X-Aegis-Peering-Id")
        if given:
            (made,) = set(self.ec2_backend.vpc_pcxs) - before
            for backend in (self.ec2_backend, peer):
                connection = backend.vpc_pcxs.pop(made)
                connection.id = given
                connection.ec2_backend = peer  # each side has tags of its own
                backend.vpc_pcxs[given] = connection
        return result

    module.VPCPeeringConnections.create_vpc_peering_connection = create
