"""What nobody has published and the twin decides by itself stands here, in one place, to be asked before going live.

The numbers are those of docs/facts.md; assumed codes and names stand in `catalogue`,
`profiles` and `dictionary`.
"""

from datetime import timedelta

LONGEST_SPAN = timedelta(days=366)  # of a range of days [IM-52]
MOST_GIVEN = 100  # rows that v2 gives at once, whatever `get_count` asks [IM-97]
MOST_INVOICES = 100  # in one registration or update [IM-98]
MOST_DETAILS = 1000  # lines of one invoice [IM-98]
MOST_BANKS = 10  # accounts of one invoice [IM-98]
MOST_FILES = 10  # attachments of one invoice [IM-98]
MOST_FILE_BYTES = 10 * 1024 * 1024  # of all attachments together [IM-98]
AMOUNT_DIGITS = 12  # [IM-41]
QUANTITY_DIGITS = (10, 4)  # before and after the point, of quantities and unit prices [IM-96]
MOST_MASTERS = 1000  # elements of one array of masters [IM-122]
MOST_SUPPLIERS = 100  # in one request [IM-128]
