"""A realistic stand-in for Infomart's BtoB Platform Invoice that runs on the loopback interface.

    __main__     the command: `python -m connector.twins.infomart`
    app          puts every route together; `create_twin` is the way in for tests
    line         cuts TCP connections when a fault asks for it
    consent      the page where a person signs in and allows or refuses access
    exchange     the token endpoint
    api          the checks every API call passes, in the provider's order
    profiles     the two generations: paths, verbs, paging, list keys
    operations   what an API is made of; `listing`, `registering`, `updating`, `reading_masters`,
                 `changing_masters`, `received` (with `filters`) and `saving_suppliers` are APIs 1 to 7
    formats      JSON and XML, in and out; `rules` and `dictionary` say what a field may hold, `spans` and `paging` help
    catalogue    the error codes; `assumed` holds the figures that nobody published
    elements     one invoice of a request; `amounts` judges it, `saving` puts its masters away
    issuers      the issuing side of a member: masters and layouts; `outbox` holds its invoices, `stages` move them
    issued_history  invoices of earlier days; `joining` brings a member with all of it
    delivered    what another member issued, as its receiver reads it
    sim          the control routes under `/_sim`, which the real provider does not have; `sim_…` are parts of it
    knobs        how the platform behaves; `maintenance` knows when it is closed
    home         a page that shows a person what is inside, in the words of `captions`
    world        everything one twin remembers
    members      the companies of the pretend platform
    inbox        the invoices a member has received; `approvals` move them, `drift` moves them under their reader
    masters      what a receiver keeps books with; `chart` is what it begins with
    supplier_list  the companies a receiver pays
    invoices     writes an invoice out in full; `lines`, `totals`, `taxation`, `journals` and `suppliers` help
    grants       codes and tokens
    clients      the applications that may ask for access
    faults       misfortunes waiting to strike, and `misfortune`, which lets them
    answers      the wire shapes of answers and refusals
    ledger       what happened, in order, without secrets
    clock        what time it is here
    dice         randomness that repeats

Contract: `reference/infomart-api.md`. Comments cite its sections, or a provider fact such as [IM-7].
"""
