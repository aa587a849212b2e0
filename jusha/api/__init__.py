"""The public API: what pages show, as data; orders and webhooks for partners that have a key.

The front door (`door`) takes what happened and never says no; here somebody asks for something and
may be refused. docs/design/0018-api.md tells the choices, docs/api.md how to use it.
"""
