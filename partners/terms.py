"""The first version of the standard text that a partner accepts with each grant."""

STANDARD = """\
Purpose. The model, its access instructions and its documents are used only for the purpose written in the grant: to protect \
the systems that the partner operates or defends. Another purpose needs a new grant.

Persons. Only the persons whom the partner names for the grant use it. Each look is recorded and shown to the lab.

Care. Credentials are personal and kept in a managed store. An incident that touches the model is reported to the lab and to \
the programme office within 24 hours.

Nondisclosure. That the case exists, and everything learned under it, is confidential. Findings go to the lab first, and \
elsewhere only with its consent.

Rights. All rights stay with the lab. The partner tests no other organisation's systems and does not try to copy or extract \
the model.

End. The lab or the programme office may end the grant at any time, each alone. The partner may surrender it at any time. \
Within 14 days after its end the partner destroys what it kept and attests so.
"""
