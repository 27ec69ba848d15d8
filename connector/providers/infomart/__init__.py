"""BtoBプラットフォーム請求書 by Infomart: files of facts, each fact with its source in docs/facts.md.

manifest    figures, paths and names, and what differs between the two generations
consent     how a person's yes becomes tokens
client      the seven APIs, one method a call
wire        their words, read tolerantly; `faults` reads `error_list` in JSON and in XML
dictionary  every name known to stand in a list of invoices
listing     pages, of which a look reads what it does not know
mapping     their words into ours; `masters` does the same for what a receiver keeps books with
outgoing    our words into theirs, field by field; `fitting` makes values fit, `writing` puts requests together
outcomes    what became of each element of a write
refusals    why a call was refused as a whole
"""
