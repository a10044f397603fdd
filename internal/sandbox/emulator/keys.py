"""Gives multi-Region keys one identity and one key material in all emulators.

The front makes a replica by creating a key with the header X-Aegis-Key-Id, the
identity that the primary has, and X-Aegis-Primary-Arn. Material is drawn from the
identity, so that what one region encrypts another decrypts.
"""

import hashlib
import json

import loaded


@loaded.when("moto.kms.utils")
def _utils(module):
    # Ciphertexts begin with the key's identity, for which 36 bytes are too few.
    module.KEY_ID_LEN, module.HEADER_LEN = 40, module.HEADER_LEN + 4
    module.CIPHERTEXT_HEADER_FORMAT = f">40s{module.IV_LEN}s{module.TAG_LEN}s"
    read = module._deserialize_ciphertext_blob

    def deserialize(ciphertext_blob):
        found = read(ciphertext_blob)
        return found._replace(key_id=found.key_id.rstrip("\0"))

    module._deserialize_ciphertext_blob = deserialize


@loaded.when("moto.kms.responses")
def _responses(module):
    real = module.KmsResponse.create_key

    def create_key(self):
        made = json.loads(real(self))["KeyMetadata"]
        keys = self.kms_backend.keys
        key = keys[made["KeyId"]]
        given = self.headers.get("X-Aegis-Key-Id")
        if given:
            tags = self.kms_backend.list_resource_tags(key.id)["Tags"]
            self.kms_backend.tagger.delete_all_tags_for_resource(key.id)
            del keys[key.id]
            key.id, key.arn = given, key.arn.replace(key.id, given)
            primary = self.headers["X-Aegis-Primary-Arn"]
            key.multi_region_configuration = {
                "MultiRegionKeyType": "REPLICA",
                "PrimaryKey": {"Arn": primary, "Region": primary.split(":")[3]},
                "ReplicaKeys": [],
            }
            keys[key.id] = key
            self.kms_backend.tag_resource(key.id, tags)
        if key.multi_region:
            key.key_material = hashlib.sha256(key.id.encode()).digest()
        return json.dumps(key.to_dict())

    module.KmsResponse.create_key = create_key
