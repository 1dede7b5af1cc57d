# Generated from openapi/single_sends.yaml: do not edit; change the fragment and run `make generate`.
"""Contains methods for accessing the API"""
