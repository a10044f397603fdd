"""Spares the emulator what takes more time than its answers.

The server's log of requests, which nobody reads since the front has one of its
own, took a third of its time, and a look at the folder of services, which each
request made again, a twelfth.
"""

import functools
import logging

import loaded

logging.getLogger("werkzeug").setLevel(logging.ERROR)


@loaded.when("moto.backends")
def _services(module):
    listed = module.list_of_moto_modules
    module.list_of_moto_modules = functools.cache(lambda: tuple(listed()))
