"""The certification of a connector: checks with evidence, mutants that prove the checks, rungs, and reports.

It knows the contract and nothing else: whatever is registered as a connector, and brings a testbed, can be certified.
"""
