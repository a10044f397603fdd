"""Has a secret's replicas tell the key that each of them was given."""

import loaded


@loaded.when("moto.secretsmanager.models")
def _models(module):
    make = module.FakeSecret.create_replicas
    tell = module.ReplicaSecret.to_dict

    def create_replicas(self, replica_regions, force_overwrite):
        replicas = make(self, replica_regions, force_overwrite)
        for replica, asked in zip(replicas, replica_regions or []):
            replica.config["KmsKeyId"] = asked.get("KmsKeyId") or replica.config["KmsKeyId"]
        return replicas

    def to_dict(self):
        told = tell(self)
        told.pop("ReplicationStatus", None)
        told["KmsKeyId"] = self.config["KmsKeyId"]
        return told

    module.FakeSecret.create_replicas = create_replicas
    module.ReplicaSecret.to_dict = to_dict
