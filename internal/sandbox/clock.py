"""Gives the emulator a clock that can be set, for replays.

Python imports this module at its start. A number given to the emulator's
/moto-api/seed carries, above its lowest 64 bits, the time in microseconds since
1970 at which the emulator's clock then stands; 0 lets it run.
"""

import datetime
import importlib.abc
import importlib.machinery
import sys

_standing = None


def _utcnow(real):
    return lambda: real() if _standing is None else _standing


def _seed(real):
    def seed(self, a=None, *args):
        global _standing
        if isinstance(a, int) and a >= 0:
            micros, a = a >> 64, a & (1 << 64) - 1
            epoch = datetime.datetime(1970, 1, 1)
            _standing = epoch + datetime.timedelta(microseconds=micros) if micros else None
        return real(self, a, *args)

    return seed


class _Finder(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name not in ("moto.core.utils", "moto.moto_api._internal.moto_random"):
            return None
        spec = importlib.machinery.PathFinder.find_spec(name, path, target)
        if spec is None:
            return None
        execute = spec.loader.exec_module

        def exec_module(module):
            execute(module)
            if hasattr(module, "utcnow"):
                module.utcnow = _utcnow(module.utcnow)
            if hasattr(module, "MotoRandom"):
                module.MotoRandom.seed = _seed(module.MotoRandom.seed)

        spec.loader.exec_module = exec_module
        return spec


sys.meta_path.insert(0, _Finder())
