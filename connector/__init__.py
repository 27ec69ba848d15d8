"""The product: one graph over Japan's B2B invoicing platforms, for many companies at once.

    cli, asgi, dev        the doors: the only modules that see every face
    site                  the face to a person's browser; `graphql_schema` and `workers` are the other two
    bootstrap             opens every resource and hands out the flows
    settings              the environment, read once
    flows                 what the product does, a verb a module
    providers             what each platform expects, a folder each
    store                 PostgreSQL: one transaction under one row policy
    vault                 envelopes, data keys and the keys that wrap them
    doorbell              rings the workers
    watch                 what an operator's Prometheus is told
    ports                 what flows ask of the world
    domain                frozen values and their rules
    explaining            what a connection or an ability means to a person, and who acts
    wording               what each failure and finding says to a person, in Japanese and English
    errors, secret, ids   leaves that everything may use
    twins, embedded       stand apart: a provider to develop against, servers to develop with

Arrows point down this list only; `pyproject.toml` holds the contracts and `./dev check` keeps them.
"""
