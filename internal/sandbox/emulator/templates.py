"""Reads the user data of each version of a launch template as of the first.

The emulator encodes it for the first alone: a group that grew by a later one got
no instance, and its caller an internal error.
"""

import loaded


@loaded.when("moto.ec2.models.launch_templates")
def _templates(module):
    template = module.LaunchTemplate
    real = template.create_version

    def create_version(self, data, description):
        if isinstance(data.get("UserData"), str):
            data = {**data, "UserData": module.parse_user_data(data["UserData"])}
        return real(self, data, description)

    template.create_version = create_version
