"""Watching a model from outside, by hooks."""
from __future__ import annotations

import torch
from torch import Tensor


def first_tensor(value) -> Tensor:
    return value[0] if isinstance(value, (tuple, list)) else value


class Watch:
    """Keeps in `seen` what last went in and out of modules, which are named by their paths, while it is entered."""

    def __init__(self, model: torch.nn.Module) -> None:
        self.seen: dict[str, Tensor] = {}
        self._model, self._handles = model, []

    def output(self, path: str, role: str, pick=first_tensor) -> None:
        def store(_module, _given, made) -> None:
            self.seen[role] = pick(made).detach().clone()

        self._handles.append(self._model.get_submodule(path).register_forward_hook(store))

    def input(self, path: str, role: str) -> None:
        def store(_module, given) -> None:
            self.seen[role] = given[0].detach().clone()

        self._handles.append(self._model.get_submodule(path).register_forward_pre_hook(store))

    def keyword(self, path: str, key: str, role: str) -> None:
        """An argument that the module's caller names."""
        def store(_module, _given, named) -> None:
            if named.get(key) is not None:
                self.seen[role] = named[key].detach().clone()

        module = self._model.get_submodule(path)
        self._handles.append(module.register_forward_pre_hook(store, with_kwargs=True))

    def __enter__(self) -> Watch:
        return self

    def __exit__(self, *_) -> None:
        for handle in self._handles:
            handle.remove()
