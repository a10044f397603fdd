"""Gives the emulator a clock that can be set, for replays.

A number given to the emulator's /moto-api/seed carries, above its lowest 64
bits, the time in microseconds since 1970 at which the emulator's clock then
stands; 0 lets it run.
"""

import datetime

import loaded

_standing = None


@loaded.when("moto.core.utils")
def _clock(module):
    real = module.utcnow
    module.utcnow = lambda: real() if _standing is None else _standing


@loaded.when("moto.moto_api._internal.moto_random")
def _chance(module):
    real = module.MotoRandom.seed

    def seed(self, a=None, *args):
        global _standing
        if isinstance(a, int) and a >= 0:
            micros, a = a >> 64, a & (1 << 64) - 1
            epoch = datetime.datetime(1970, 1, 1)
            _standing = epoch + datetime.timedelta(microseconds=micros) if micros else None
        return real(self, a, *args)

    module.MotoRandom.seed = seed
