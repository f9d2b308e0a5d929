"""What tools/dump_reference.py is made of: one module for each kind of case, and one for each family of models.

torch and transformers are imported by the modules that compute, not by this file, by `errors`, `families`, `texts` or
`folder`, so that help and the refusal of wrong input need neither.
"""
