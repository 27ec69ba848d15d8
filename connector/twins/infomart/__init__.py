"""A realistic stand-in for Infomart's BtoB Platform Invoice that runs on the loopback interface.

    __main__     the command: `python -m connector.twins.infomart`
    app          puts every route together; `create_twin` is the way in for tests
    line         cuts TCP connections when a fault asks for it
    consent      the page where a person signs in and allows or refuses access
    exchange     the token endpoint
    api          the checks every API call passes, in the provider's order
    received     API 6, received invoices
    sim          the control routes under `/_sim`, which the real provider does not have
    home         a page that shows a person what is inside
    world        everything one twin remembers
    members      the companies of the pretend platform
    reading_masters   API 4; `changing_masters` is 5 and `saving_suppliers` is 7, and `filters` narrow 6
    masters      what a receiver keeps books with; `chart` is what it begins with
    supplier_list  the companies a receiver pays
    inbox        the invoices a member has received; `approvals` move them, `drift` moves them under their reader
    invoices     writes an invoice out in full; `lines`, `taxation`, `journals` and `suppliers` help
    grants       codes and tokens
    clients      the applications that may ask for access
    faults       misfortunes waiting to strike, and `misfortune`, which lets them
    answers      the wire shapes of answers and refusals
    ledger       what happened, in order, without secrets
    clock        what time it is here
    dice         randomness that repeats

Contract: `reference/infomart-api.md`. Comments cite its sections, or a provider fact such as [IM-7].
"""
