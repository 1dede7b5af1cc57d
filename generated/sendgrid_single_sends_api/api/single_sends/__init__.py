# Generated from openapi/single_sends.yaml: do not edit; change the fragment and run `make generate`.
"""Contains endpoint functions for accessing the API"""
