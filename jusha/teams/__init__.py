"""Teams: people who give together for one project, and companies whose people and pools join in.

A team is a page, a link and a sum: money goes from each giver straight to the project's charity,
and nobody in a team can touch it. A company's page says what it pledged, paid and matched. Totals
are read from what settlement booked, gift by gift, at a cost that no team's size changes.
"""
