"""Calls functions with modules of the emulator as soon as these are loaded."""

import importlib.abc
import importlib.machinery
import sys

_mends = {}


def when(*modules):
    """Has a function called with each of the modules, by their names."""

    def register(mend):
        for module in modules:
            _mends.setdefault(module, []).append(mend)
        return mend

    return register


class _Finder(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name not in _mends:
            return None
        spec = importlib.machinery.PathFinder.find_spec(name, path, target)
        if spec is None:
            return None
        execute = spec.loader.exec_module

        def exec_module(module):
            execute(module)
            for mend in _mends[name]:
                mend(module)

        spec.loader.exec_module = exec_module
        return spec


sys.meta_path.insert(0, _Finder())
