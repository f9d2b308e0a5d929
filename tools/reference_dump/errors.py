"""Faults that end the program with one line; the exit codes are those of freeact itself."""


class UserFault(Exception):
    """The input was wrong."""

    exit_code = 2


class MissingPart(Exception):
    """The machine or its Python lacks something."""

    exit_code = 3


class Disagreement(Exception):
    """Two statements of the reference differ: nothing may be written that calls itself one."""

    exit_code = 1
